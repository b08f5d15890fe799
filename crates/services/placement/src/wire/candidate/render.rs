//! The answer, written straight into a buffer: at a thousand providers it is half a megabyte, and every byte of it counts.

use std::io::Write;

use ferrostack_auth::Microversion;
use uuid::Uuid;

use crate::{
    app::candidate::{Amount, Found},
    view::{Index, Provider, Slot},
    wire::v,
};

/// Writes the answer. `suffixes` are those of the groups, `classes` the numbers of all requested classes.
pub(crate) fn render(
    index: &Index,
    found: &Found,
    suffixes: &[&str],
    classes: &[u32],
    version: Microversion,
) -> Vec<u8> {
    let mut json =
        Writer { index, out: Vec::with_capacity(64 + found.candidates.len() * 260 + found.described.len() * 420) };
    json.text("{\"allocation_requests\":[");
    for (nth, candidate) in found.candidates.iter().enumerate() {
        json.text(if nth == 0 { "{\"allocations\":" } else { ",{\"allocations\":" });
        json.allocations(&candidate.amounts, version);
        if version >= v(34) {
            json.text(",\"mappings\":{");
            for (nth, (suffix, slots)) in suffixes.iter().zip(&candidate.mappings).enumerate() {
                // Suffixes are letters, digits, `_` and `-`.
                json.text(if nth == 0 { "\"" } else { ",\"" });
                json.text(suffix);
                json.text("\":[");
                json.separated(slots, |json, slot| json.uuid_of(*slot));
                json.text("]");
            }
            json.text("}");
        }
        json.text("}");
    }
    json.text("],\"provider_summaries\":{");
    json.separated(&found.described, |json, slot| {
        json.uuid_of(*slot);
        json.text(":");
        if let Some(provider) = json.index.at(*slot) {
            json.summary(provider, classes, version);
        }
    });
    json.text("}}");
    json.out
}

struct Writer<'a> {
    index: &'a Index,
    out: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, number: i64) {
        // Writing to memory can't fail.
        let _ = write!(self.out, "{number}");
    }

    fn separated<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        for (nth, item) in items.iter().enumerate() {
            if nth > 0 {
                self.out.push(b',');
            }
            each(self, item);
        }
    }

    fn uuid(&mut self, uuid: Uuid) {
        let mut buffer = Uuid::encode_buffer();
        self.out.push(b'"');
        self.out.extend_from_slice(uuid.hyphenated().encode_lower(&mut buffer).as_bytes());
        self.out.push(b'"');
    }

    fn uuid_of(&mut self, slot: Slot) {
        let index: &'a Index = self.index;
        self.uuid(index.at(slot).map_or(Uuid::nil(), |provider| provider.uuid));
    }

    /// Names of classes and traits are capitals, digits and underscores: nothing to escape.
    fn class(&mut self, class: u32) {
        let index: &'a Index = self.index;
        self.out.push(b'"');
        self.text(index.names().classes.name(class));
        self.text("\":");
    }

    /// Amounts by provider; a list of them before 1.12.
    fn allocations(&mut self, amounts: &[Amount], version: Microversion) {
        let by_provider = version >= v(12);
        self.text(if by_provider { "{" } else { "[" });
        for (nth, first) in amounts.iter().enumerate() {
            // The amounts of one provider need not stand side by side.
            if amounts.iter().take(nth).any(|earlier| earlier.slot == first.slot) {
                continue;
            }
            if nth > 0 {
                self.out.push(b',');
            }
            self.text(if by_provider { "" } else { "{\"resource_provider\":{\"uuid\":" });
            self.uuid_of(first.slot);
            self.text(if by_provider { ":{\"resources\":{" } else { "},\"resources\":{" });
            for (nth, amount) in amounts.iter().filter(|amount| amount.slot == first.slot).enumerate() {
                if nth > 0 {
                    self.out.push(b',');
                }
                self.class(amount.class);
                self.number(amount.amount);
            }
            self.text("}}");
        }
        self.text(if by_provider { "}" } else { "]" });
    }

    fn summary(&mut self, provider: &Provider, classes: &[u32], version: Microversion) {
        // From 1.29 on nothing in it depends on the request, so it is written once for each state of the provider.
        if version >= v(29) {
            let cached = provider.summary.get_or_init(|| {
                let mut own = Writer { index: self.index, out: Vec::with_capacity(420) };
                own.write_summary(provider, None, version);
                own.out.into_boxed_slice()
            });
            self.out.extend_from_slice(cached);
        } else {
            self.write_summary(provider, (version < v(27)).then_some(classes), version);
        }
    }

    /// `classes`: only these.
    fn write_summary(&mut self, provider: &Provider, classes: Option<&[u32]>, version: Microversion) {
        let index: &'a Index = self.index;
        self.text("{\"resources\":{");
        let shown = provider.stocks.iter().filter(|stock| classes.is_none_or(|classes| classes.contains(&stock.class)));
        for (nth, stock) in shown.enumerate() {
            if nth > 0 {
                self.out.push(b',');
            }
            self.class(stock.class);
            self.text("{\"capacity\":");
            self.number(stock.capacity);
            self.text(",\"used\":");
            self.number(stock.used);
            self.text("}");
        }
        self.text("}");
        if version >= v(17) {
            self.text(",\"traits\":[");
            self.separated(&provider.traits, |json, number| {
                json.out.push(b'"');
                json.text(index.names().traits.name(*number));
                json.out.push(b'"');
            });
            self.text("]");
        }
        if version >= v(29) {
            self.text(",\"parent_provider_uuid\":");
            match provider.parent {
                Some(parent) => self.uuid(parent),
                None => self.text("null"),
            }
            self.text(",\"root_provider_uuid\":");
            self.uuid(provider.root);
        }
        self.text("}");
    }
}

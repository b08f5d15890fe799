//! Answers, written straight from rows.

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::query::Fields;

/// Writes attributes, leaving out those that were not asked for.
pub(crate) struct Out<'a, M> {
    map: M,
    fields: &'a Fields,
}

impl<M: SerializeMap> Out<'_, M> {
    /// An attribute.
    ///
    /// # Errors
    /// Those of the serializer.
    pub(crate) fn put<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        if self.fields.want(name) { self.map.serialize_entry(name, value) } else { Ok(()) }
    }

    /// The project, under its new and its old name.
    ///
    /// # Errors
    /// Those of the serializer.
    pub(crate) fn project(&mut self, id: &str) -> Result<(), M::Error> {
        self.put("tenant_id", id)?;
        self.put("project_id", id)
    }
}

/// A resource that can be answered.
pub(crate) trait Render {
    /// What decides which attributes this caller sees.
    type Shown;
    /// Its name around a single one.
    const NAME: &'static str;
    /// Its name around several.
    const COLLECTION: &'static str;

    /// Writes its attributes.
    ///
    /// # Errors
    /// Those of the serializer.
    fn render<M: SerializeMap>(&self, out: &mut Out<'_, M>, shown: &Self::Shown) -> Result<(), M::Error>;
}

struct Item<'a, T: Render> {
    item: &'a T,
    fields: &'a Fields,
    shown: &'a T::Shown,
}

/// A resource within another one.
pub(super) fn item<'a, T: Render>(item: &'a T, fields: &'a Fields, shown: &'a T::Shown) -> impl Serialize + 'a {
    Item { item, fields, shown }
}

impl<T: Render> Serialize for Item<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = Out { map: serializer.serialize_map(None)?, fields: self.fields };
        self.item.render(&mut out, self.shown)?;
        out.map.end()
    }
}

/// `{"network": {...}}`
pub(crate) struct Single<'a, T: Render> {
    /// The resource.
    pub item: &'a T,
    /// The attributes wanted.
    pub fields: &'a Fields,
    /// What the caller may see.
    pub shown: &'a T::Shown,
}

impl<T: Render> Serialize for Single<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(T::NAME, &Item { item: self.item, fields: self.fields, shown: self.shown })?;
        map.end()
    }
}

/// A link of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    /// `next` or `previous`.
    pub rel: &'static str,
    /// Where.
    pub href: String,
}

/// `{"networks": [...], "networks_links": [...]}`
pub(crate) struct Collection<'a, T: Render> {
    /// The resources.
    pub items: &'a [T],
    /// The attributes wanted.
    pub fields: &'a Fields,
    /// What the caller may see.
    pub shown: &'a T::Shown,
    /// Neighbouring pages.
    pub links: Vec<Link>,
}

impl<T: Render> Serialize for Collection<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Items<'a, 'b, T: Render>(&'b Collection<'a, T>);
        impl<T: Render> Serialize for Items<'_, '_, T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Collection { items, fields, shown, .. } = self.0;
                serializer.collect_seq(items.iter().map(|item| Item { item, fields, shown }))
            }
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(T::COLLECTION, &Items(self))?;
        if !self.links.is_empty() {
            map.serialize_entry(&format!("{}_links", T::COLLECTION), &self.links)?;
        }
        map.end()
    }
}

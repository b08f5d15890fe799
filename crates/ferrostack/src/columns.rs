//! Tables for a terminal.

/// A table with two spaces before each column; the last one is not padded. Korean letters take two places.
pub fn table(heads: &[String], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = heads.iter().map(|head| width(head)).collect();
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    let mut text = String::new();
    for row in std::iter::once(heads).chain(rows.iter().map(Vec::as_slice)) {
        let mut line = String::new();
        for (cell, widest) in row.iter().zip(&widths) {
            line += "  ";
            line += cell;
            line.extend(std::iter::repeat_n(' ', widest - width(cell)));
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// Places on a terminal, by the East Asian widths of Unicode (UAX 11) as far as our texts and names need them.
fn width(text: &str) -> usize {
    let is_wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}')
    };
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let heads = ["이름", "Health", "Reason"].map(str::to_owned);
        let rows = [["compute-1", "정상", ""], ["서버", "down", "silent for 70 s"]];
        let rows: Vec<_> = rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        assert_eq!(
            table(&heads, &rows),
            "  이름       Health  Reason\n  compute-1  정상\n  서버       down    silent for 70 s\n"
        );
    }
}

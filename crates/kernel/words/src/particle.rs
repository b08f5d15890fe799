//! Korean particles have two forms, by whether the syllable before them ends in a consonant.

/// How the word before a particle sounds at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Vowel,
    Consonant,
    /// The consonant `ㄹ`, which `으로/로` counts as a vowel.
    Rieul,
    /// Latin letters and all else whose reading is not known.
    Unknown,
}

/// The form of `pair` (such as `을/를`: after a consonant / after a vowel) that follows `before`. Where the reading of
/// the word is not known, both are written, as is usual: `을(를)`.
pub(crate) fn choose(pair: &str, before: &str) -> String {
    let Some((consonant, vowel)) = pair.split_once('/') else { return pair.to_owned() };
    match ending(before) {
        Ending::Vowel => vowel.to_owned(),
        Ending::Rieul if consonant == "으로" => vowel.to_owned(),
        Ending::Consonant | Ending::Rieul => consonant.to_owned(),
        Ending::Unknown => match consonant.strip_suffix(vowel) {
            // 으로/로, 이라/라: the common part stands outside.
            Some(extra) => format!("({extra}){vowel}"),
            None => format!("{consonant}({vowel})"),
        },
    }
}

fn ending(before: &str) -> Ending {
    // Quotes and brackets are not read.
    let Some(last) = before.chars().rev().find(|c| c.is_alphanumeric()) else { return Ending::Unknown };
    match last {
        // Syllables are ordered by their 28 final sounds, beginning with none; the eighth is `ㄹ`.
        '가'..='힣' => match (u32::from(last) - u32::from('가')) % 28 {
            0 => Ending::Vowel,
            8 => Ending::Rieul,
            _ => Ending::Consonant,
        },
        // 영 일 이 삼 사 오 육 칠 팔 구
        '2' | '4' | '5' | '9' => Ending::Vowel,
        '1' | '7' | '8' => Ending::Rieul,
        '0' | '3' | '6' => Ending::Consonant,
        _ => Ending::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_fits_the_word_before() {
        for (before, pair, expected) in [
            ("서버", "을/를", "를"),
            ("설정", "을/를", "을"),
            ("'노드'", "이/가", "가"),
            ("파일", "으로/로", "로"),
            ("설정", "으로/로", "으로"),
            ("8080", "이/가", "이"),
            ("24", "은/는", "는"),
            ("8", "으로/로", "로"),
            ("compute-1.", "을/를", "을"),
            ("node", "을/를", "을(를)"),
            ("node", "으로/로", "(으)로"),
            ("", "과/와", "과(와)"),
        ] {
            assert_eq!(choose(pair, before), expected, "{before}");
        }
    }
}

//! The vectors are those of the specification (generate.json, verify.json, invalid.json).

use proptest::prelude::*;

use super::*;

const SECRET: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
const HELLO: &str =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
/// 1985-10-26T01:20:00-07:00
const NOW: u64 = 499_162_800;

fn spec() -> FernetKeys {
    FernetKeys::new([SECRET]).unwrap()
}

fn reason(token: &str) -> &'static str {
    match spec().decrypt(token) {
        Err(AuthError::InvalidToken { reason }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn makes_the_token_of_the_specification() {
    let iv = std::array::from_fn(|n| u8::try_from(n).unwrap());
    assert_eq!(spec().0[0].encrypt(b"hello", NOW, &iv), HELLO.trim_end_matches('='));
}

#[test]
fn reads_the_token_of_the_specification() {
    for token in [HELLO, HELLO.trim_end_matches('=')] {
        let read = spec().decrypt(token).unwrap();
        assert_eq!((read.plaintext.as_slice(), read.issued_at_s), (&b"hello"[..], NOW));
    }
}

#[test]
fn refuses_the_invalid_tokens_of_the_specification() {
    for (token, why) in [
        (
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
            "none of the keys signed it",
        ),
        ("gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==", "it is cut off"),
        (
            "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
            "it is not URL-safe base64",
        ),
        (
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
            "it is cut off",
        ),
        (
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
            "its padding is wrong",
        ),
        (
            "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
            "its padding is wrong",
        ),
    ] {
        assert_eq!(reason(token), why, "{token}");
    }
    assert_eq!(reason(""), "it is not a Fernet token");
}

#[test]
fn any_key_of_the_ring_reads_and_the_first_writes() {
    let (old, new) = (FernetKeys::generate(), FernetKeys::generate());
    let token = FernetKeys::new([&old]).unwrap().encrypt(b"text", 5);
    let ring = FernetKeys::new([&new, &old]).unwrap();
    assert_eq!(ring.decrypt(&token).unwrap(), Decrypted { plaintext: b"text".to_vec(), issued_at_s: 5 });
    let token = ring.encrypt(b"text", 6);
    assert!(FernetKeys::new([&new]).unwrap().decrypt(&token).is_ok());
    assert!(FernetKeys::new([&old]).unwrap().decrypt(&token).is_err());
}

#[test]
fn malformed_keys_are_refused() {
    assert!(matches!(FernetKeys::new(["c2hvcnQ="]), Err(AuthError::BadKey { .. })));
    assert!(matches!(FernetKeys::new(["?"]), Err(AuthError::BadKey { .. })));
    assert!(matches!(FernetKeys::new(Vec::<String>::new()), Err(AuthError::NoKeys { .. })));
    assert!(!format!("{:?}", spec()).contains("cw_"));
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(plaintext: Vec<u8>, now: u64) {
        let keys = spec();
        let read = keys.decrypt(&keys.encrypt(&plaintext, now)).unwrap();
        prop_assert_eq!(read, Decrypted { plaintext, issued_at_s: now });
    }

    #[test]
    fn a_changed_token_is_refused(at in 0..HELLO.len() - 2, with in "[A-Za-z0-9_-]") {
        let mut token = HELLO.to_owned();
        token.replace_range(at..=at, &with);
        prop_assert_eq!(spec().decrypt(&token).is_ok(), token == HELLO);
    }

    #[test]
    fn no_text_panics(token in ".{0,200}", bytes: Vec<u8>) {
        prop_assert!(spec().decrypt(&token).is_err());
        prop_assert!(spec().decrypt(&BASE64.encode(bytes)).is_err());
    }
}

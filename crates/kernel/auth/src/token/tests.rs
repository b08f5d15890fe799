//! The fixtures were made with Keystone 30 and the key of the bytes 0 to 31.

use proptest::prelude::*;

use super::*;
use crate::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const USER: &str = "0123456789abcdef0123456789abcdef";
const PROJECT: &str = "fedcba9876543210fedcba9876543210";
const DOMAIN: &str = "00112233445566778899aabbccddeeff";
const ISSUED_AT_US: i64 = 1_795_203_058_000_000;
/// 2033-05-18T03:33:20.123456Z
const EXPIRES_AT_US: i64 = 2_000_000_000_123_456;

fn text(text: &str) -> String {
    text.to_owned()
}

fn format() -> TokenFormat {
    TokenFormat::new(FernetKeys::new([KEY]).unwrap(), Methods::default())
}

fn payload(user_id: &str, kind: TokenKind) -> Payload {
    Payload {
        user_id: text(user_id),
        methods: vec![text("token"), text("password")],
        expires_at_us: EXPIRES_AT_US,
        audit_ids: vec![text("AAECAwQFBgcICQoLDA0ODw"), text("8PHy8_T19vf4-fr7_P3-_w")],
        kind,
    }
}

/// What Keystone's tokens say, next to the tokens.
fn fixtures() -> Vec<(Payload, &'static str)> {
    vec![
        (
            payload(USER, Unscoped.into()),
            "gAAAAABrAJ_yRN0cjsAd_1aow0NOlHahecJnhcJ_YS8gS-9vIu_hLz_ER-mqgHpY-M9mg8FUHd_MlTfbRpSv15k2JGkdOfx_wavpJnhtNFE2T8tDW4dptYkdiYffQdD2zAMykjViWHg8adpxEqtGRcY2I8vB6qmebiO1zBYlVuaam5cJy5InGl8",
        ),
        (
            payload(USER, DomainScoped { domain_id: text(DOMAIN) }.into()),
            "gAAAAABrAJ_y-3EUehhZIvWtWXCE3R-gK7EalmFK9hEpEskRQCIYeK7NJSng6z-mi7oSRvqUbeLtvecGSEX7Ks_Owk3YRbdioq16HaWYPP1iXWl_gStRTM6DDHR9CiCzPvuzSXDc29wtwqb8JdtDQdK1uQxfbeQSj7V_DpgFxt4H4UcQFrQ2-1fXVr1wI_ptUqg1rgAMF_iO",
        ),
        (
            payload("ldap-user_é", DomainScoped { domain_id: text("default") }.into()),
            "gAAAAABrAJ_yX8ItNNMuoZaGuojIXEnEFPeVbkrF9hfa0Zfxki6CvM1r00cWt3QS-Lx-syacFWGpkeOtYwu3f-bv4qewcezIJepzF9SCfuhKTuX9ePjnSjVzIijdHhwcc8S2XJcAaa0KOxp90MmSCegCOV62ogU1LR5CAqeqliyMl2B3wnXIUIs",
        ),
        (
            payload(USER, ProjectScoped { project_id: text(PROJECT) }.into()),
            "gAAAAABrAJ_ye1tZaRMLL3vQKwHebCfSw1uVHCpX1VSm9BeSmSdF8TH2beVSHqHim6QGfQfaCnJwJ98D9ZarzvJQ_D-ps1mAAHHoNBQ7SoHyilD7myA0mOnz7BFe20dFmOO7V54mtBAeullIjCyClrhuKvOq6aO_2cIFIzKJRFrqyi7to-lzhM6sJrQfFjt-T_jBJR8BIQST",
        ),
        (
            payload(&"ab".repeat(32), ProjectScoped { project_id: text("legacy-project") }.into()),
            "gAAAAABrAJ_yzyBHo4UhmDg3cdfCEL_mWPM7py2nBisSAenyhNGVQ2QZ6riLj5cV8EFS2bnkMYomvQhscQKBnNsqnd__N5SaQA2_nGRnCfMKBLYQxcw48kg0qoihP1ZTwttTY7XJu1HaOsmNj9jByfsqR39cWhxD9WCcWk0UU8su6mjYeb_9gFdyqDryVqW966R8f3eFVb45RdiD0j-fzP6PAKtxAZ3rvdH0nN-IRG8Nz_ITCokUkynuk7StfD99gVJVLerJWGIY",
        ),
        (
            payload(USER, TrustScoped { project_id: text(PROJECT), trust_id: "a1".repeat(16) }.into()),
            "gAAAAABrAJ_yQBG72R3R7T7CUc8CX5kKZ0p1bTgXzoBmFOQC_UpcMvPjOR7a-dD-URh_QsGlCEjS9wYxvQxAkTWfdONAUN9n0LnDfJel7B_0Zuim-Nd-KKub6D5pX54J5klMXcf-qu9lv8pu_VQviEY5QgNaGc0HohwaZBkffE85DWbbXVm4PHbFoUSuH_b1c1K9HJH58VMyKRjPwkrefCgtUm4b71ZtxQ",
        ),
        (
            payload(
                USER,
                FederatedUnscoped {
                    group_ids: vec![text(DOMAIN), text("devs")],
                    identity_provider_id: text("idp1"),
                    protocol_id: text("saml2"),
                }
                .into(),
            ),
            "gAAAAABrAJ_yHDsfHVwycOKJg3fyW-hBygl5v5F6xhOcfM9f_0ly7aAe45AjGUDDvQs0xG8KqmhofXhHU1lmHQkp62cuVxRpURblwlz0oXzxsSX_XI4A4TNkc_FFioFQVuf9yOS_7bLs5_pyRebNtVYC7--j0N-kux3Sky-iC1Wscvx0vmnaOX7DttHaH_cHNgV8pGnPTuQXCnB9ak5HWvW6seZdE09Mxg",
        ),
        (
            payload(
                USER,
                FederatedProjectScoped {
                    project_id: text(PROJECT),
                    group_ids: vec![text(DOMAIN)],
                    identity_provider_id: text("idp1"),
                    protocol_id: text("openid"),
                }
                .into(),
            ),
            "gAAAAABrAJ_yK2Dr9NypqsAcC9-z6yCePGWD6_OTfvpMJesAodkyCH83xuR42zGcxffLXQMevFOhI4kQGMBnNZIDAgGcIxZyPrMBQctQoE1qHOdgW66U8ccSOHaUCgTMP4XAb872TZweG3Vsj5_5c5N_q5F7MP5JLkdkhEqwqeu6CvIuNCvgt6H8c3OgUYfCI3n2RFsSeLsRUdEBtl1FwUIVEbfmWvV80AUt_KJCIfpmPdLxwR-fxhQ",
        ),
        (
            payload(
                USER,
                FederatedDomainScoped {
                    domain_id: text("default"),
                    group_ids: vec![],
                    identity_provider_id: "a1".repeat(16),
                    protocol_id: text("mapped"),
                }
                .into(),
            ),
            "gAAAAABrAJ_yPYfz6U4dzkFISavxtptYe4bapg2kAI0CfSDNNavMjPSwlIdMcsQnLDhWBtxNWU91AgWnW6OVBhAyvl_gbvdS3RhuHMxQQWIFeDXRseS9o2zdKY8TmP-h569pb2VOfvtqMGbsHIAwC0Z-jcWlFFT3Btz9jkoBqAUJWePMG3dQQ80nyABX9ZxRNsVe0CN8xF9zl2pN4fO62aCNOLgP65DOjQ",
        ),
        (
            payload(USER, Oauth1Scoped { project_id: text(PROJECT), access_token_id: "b2".repeat(16) }.into()),
            "gAAAAABrAJ_yla7pGwj_O4zvtpjTCel3ia_VCw5Q4L6V3JmB6OyAKVCeu6jMsGFMMlH1DnDyO_GpQyzcJyuidDPacok1ZdlzWTwpHEYCprbCdWZM81nxlZVtbP2FntLeK7mfHNpZfRWBwgdRTy9OPx4L9nr6ZppObpfGX-sFgg-w8Dqz3xg6IyV6p3HkLL30NUcTd3hh9FgQhpHGdaZEcMwPKp49lotHbw",
        ),
        (
            payload(USER, SystemScoped { system: text("all") }.into()),
            "gAAAAABrAJ_ywuK7_-EmOM0EnJxzrJbg4Ok4iaDxSvMjA47pObKeLMRMuMLL13ar_mMT2xAWOrVebCMYnmfjzL_3ofHMEbscdFP5Hqc3-OUoMGfUSd45tLCXzupjuZvy-VcYhhCu7QaVlRzTHoG-6VZYwPCIfRRRR22fhdVrN16_N1E0dN5HR_g",
        ),
        (
            payload(
                USER,
                ApplicationCredentialScoped { project_id: text(PROJECT), application_credential_id: "b2".repeat(16) }
                    .into(),
            ),
            "gAAAAABrAJ_y-HVB7m-e0UUpQclmE__Xv_zsX71-QmW9vuQblvWhDvdRoysrFDVOsIgHIO_OYmDdV63kBsp7V7gZcCmtO2Q4nZSz2OFsnoz_5_0WTif5fIss98aMNvGyXzFQ3YxedN3A4wV5PMEyUXzpw1V5TWvbBJlEuZWcY8vxqfgZJiWKIijB_DbGr66x7Ta6ZuezKarje9bDTnlYD7ShLP2H-zCkkQ",
        ),
        (
            payload(
                USER,
                Oauth2CredentialsScoped {
                    project_id: text(PROJECT),
                    domain_id: text(DOMAIN),
                    thumbprint: text("dGh1bWI"),
                }
                .into(),
            ),
            "gAAAAABrAJ_y4wP3gQy_65ecRyJgs1XfZsWnXVO7-dh65GIyZNX8maKx65_5gW5BBgDvapmk7tQ5ZcWlc8DmYLJXq2kN8ywhtGsA5Q8ppTlEe4cbTI1nbkRaOkyLnKuNjC4c0LXvglI7I6qbYWP3V-Vg7-KyA1DvcZndmQ00IbEt7SSD0hD493R6oeN0694kW-HQfpp_I5tSt4r5x24lrIDcV8KAr3lPQzla5Cp0lDB7lxAWXI4G5oQ",
        ),
    ]
}

#[test]
fn reads_the_tokens_of_keystone() {
    for (payload, token) in fixtures() {
        assert_eq!(format().decode(token).unwrap(), Token { payload, issued_at_us: ISSUED_AT_US });
    }
}

#[test]
fn writes_the_payloads_of_keystone() {
    let format = format();
    for (payload, token) in fixtures() {
        let expected = format.keys.decrypt(token).unwrap().plaintext;
        assert_eq!(payload.encode(&format.methods).unwrap(), expected, "{payload:?}");
    }
}

#[test]
fn ids_come_back_as_they_were_written() {
    let odd = [
        "",
        "default",
        "0123456789ABCDEF0123456789ABCDEF",
        "01234567-89ab-cdef-0123-456789abcdef",
        "sixteen bytes :-)",
    ];
    for id in odd.map(text).into_iter().chain(["ü".repeat(150)]) {
        for kind in [ProjectScoped { project_id: id.clone() }.into(), DomainScoped { domain_id: id.clone() }.into()] {
            let payload = payload(&id, kind);
            let token = format().encode(&payload, 1_999_999).unwrap();
            assert_eq!(format().decode(&token).unwrap(), Token { payload, issued_at_us: 1_000_000 });
        }
    }
}

#[test]
fn scopes_are_told_by_their_kind() {
    for (payload, _) in fixtures() {
        let scopes = [payload.project_id().is_some(), payload.domain_id().is_some(), payload.is_system_scoped()];
        let unscoped = matches!(payload.kind, TokenKind::Unscoped(_) | TokenKind::FederatedUnscoped(_));
        assert_eq!(scopes.iter().filter(|scope| **scope).count(), usize::from(!unscoped), "{payload:?}");
    }
}

#[test]
fn what_no_token_can_carry_is_refused() {
    let refused = |change: fn(&mut Payload)| {
        let mut payload = payload(USER, Unscoped.into());
        change(&mut payload);
        matches!(format().encode(&payload, 0), Err(AuthError::Unencodable { .. }))
    };
    assert!(refused(|payload| payload.methods.push(text("telepathy"))));
    assert!(refused(|payload| payload.expires_at_us = -1));
    assert!(refused(|payload| payload.expires_at_us = 8_589_934_592_000_000));
    assert!(refused(|payload| payload.audit_ids.push(text("?"))));
    assert!(refused(|payload| payload.kind = TrustScoped { project_id: text("p"), trust_id: text("t") }.into()));
}

#[test]
fn foreign_payloads_are_refused() {
    let refused = |plaintext: &[u8]| {
        let token = FernetKeys::new([KEY]).unwrap().encrypt(plaintext, 1);
        matches!(format().decode(&token), Err(AuthError::InvalidToken { .. }))
    };
    let good = payload(USER, Unscoped.into()).encode(&Methods::default()).unwrap();
    assert!(!refused(&good));
    assert!(refused(b"") && refused(b"plain text"));
    assert!(refused(&[&good[..], &[0]].concat()), "something behind the end");
    assert!(refused(&good[..good.len() - 1]), "cut off");
    let mut unknown = good.clone();
    unknown[1] = 11;
    assert!(refused(&unknown), "a layout of the future");
    let mut longer = good;
    longer[0] += 1;
    assert!(refused(&longer), "a layout with one more element");
    assert!(format().decode(&"A".repeat(MAX_LENGTH + 1)).is_err());
}

#[test]
fn audit_ids_are_fresh() {
    assert_eq!(new_audit_id().len(), 22);
    assert_ne!(new_audit_id(), new_audit_id());
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9a-f]{32}", "[0-9a-f]{64}", ".{0,80}"]
}

fn kind() -> impl Strategy<Value = TokenKind> {
    let federated = || (id(), id(), prop::collection::vec(id(), 0..20), id(), ".{0,20}");
    prop_oneof![
        Just(Unscoped.into()),
        id().prop_map(|domain_id| DomainScoped { domain_id }.into()),
        id().prop_map(|project_id| ProjectScoped { project_id }.into()),
        (id(), "[0-9a-f]{32}").prop_map(|(project_id, trust_id)| TrustScoped { project_id, trust_id }.into()),
        federated().prop_map(|(_, _, group_ids, identity_provider_id, protocol_id)| {
            FederatedUnscoped { group_ids, identity_provider_id, protocol_id }.into()
        }),
        federated().prop_map(|(project_id, _, group_ids, identity_provider_id, protocol_id)| {
            FederatedProjectScoped { project_id, group_ids, identity_provider_id, protocol_id }.into()
        }),
        federated().prop_map(|(_, domain_id, group_ids, identity_provider_id, protocol_id)| {
            FederatedDomainScoped { domain_id, group_ids, identity_provider_id, protocol_id }.into()
        }),
        (id(), id()).prop_map(|(project_id, access_token_id)| Oauth1Scoped { project_id, access_token_id }.into()),
        ".{0,10}".prop_map(|system| SystemScoped { system }.into()),
        (id(), id()).prop_map(|(project_id, application_credential_id)| {
            ApplicationCredentialScoped { project_id, application_credential_id }.into()
        }),
        (id(), id(), id()).prop_map(|(project_id, domain_id, thumbprint)| {
            Oauth2CredentialsScoped { project_id, domain_id, thumbprint }.into()
        }),
    ]
}

proptest! {
    #[test]
    fn every_payload_comes_back(user_id in id(), kind in kind(), expires_at_us in 0..8_589_934_592_000_000_i64) {
        let payload = Payload { expires_at_us, ..payload(&user_id, kind) };
        let bytes = payload.encode(&Methods::default()).unwrap();
        prop_assert_eq!(Payload::decode(&bytes, &Methods::default()).unwrap(), payload);
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = Payload::decode(&bytes, &Methods::default());
    }

    #[test]
    fn no_damaged_payload_panics(kind in kind(), at: prop::sample::Index, with: u8, cut: prop::sample::Index) {
        let mut bytes = payload(USER, kind).encode(&Methods::default()).unwrap();
        let index = at.index(bytes.len());
        bytes[index] = with;
        let _ = Payload::decode(&bytes, &Methods::default());
        let _ = Payload::decode(&bytes[..cut.index(bytes.len())], &Methods::default());
    }
}

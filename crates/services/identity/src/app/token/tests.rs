use ferrostack_auth::{FernetKeys, Hasher, HasherSettings, Methods, TokenFormat};
use ferrostack_base::Clock;
use ferrostack_db::testing::TestDb;

use super::*;
use crate::{BootstrapSpec, IdentityOptions, MIGRATIONS, bootstrap};

async fn each() -> Vec<(TestDb, Identity, UserId)> {
    let mut all = Vec::new();
    for test in TestDb::each(Clock::manual(), &[MIGRATIONS]).await.unwrap() {
        let hasher = Hasher::new(HasherSettings { rounds: 4, threads: 1, queue: 8 }).unwrap();
        let tokens = TokenFormat::new(FernetKeys::random(), Methods::default());
        let identity = Identity::new(test.db.clone(), tokens, hasher, IdentityOptions::default());
        let (admin_password, region) = ("secret".to_owned().into(), "RegionOne".to_owned());
        let spec = BootstrapSpec {
            admin_password,
            demo_password: None,
            public_url: String::new(),
            internal_url: None,
            admin_url: None,
            region,
            catalog: vec![],
        };
        let made = bootstrap(&identity, spec).await.unwrap();
        all.push((test, identity, made.admin_user_id));
    }
    all
}

async fn make(identity: &Identity, generation: i64, user_id: &UserId) -> String {
    let user = identity.user_facts(generation, user_id).await.unwrap().unwrap();
    let new = NewToken { user, methods: vec!["password".to_owned()], scope: NewScope::System, parent: None };
    issue(identity, generation, new).await.unwrap().0
}

async fn is_valid(identity: &Identity, token: &str) -> bool {
    match validate(identity, token, Duration::ZERO).await {
        Ok(_) => true,
        Err(IdentityError::InvalidToken) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn revoke_user(identity: &Identity, user_id: &UserId) {
    let revoke = |tx: Tx| async move {
        let generation = identity.raise(&tx).await?;
        revoke_all_of(identity, &tx, user_id.as_str(), generation).await
    };
    identity.db().tx(revoke).await.unwrap();
}

/// The password was right when the login began; it was changed before the token was made.
#[tokio::test]
async fn a_token_whose_proof_is_outdated_is_void_from_birth() {
    for (_test, identity, user_id) in each().await {
        let begun = identity.generation().await.unwrap();
        revoke_user(&identity, &user_id).await;
        let token = make(&identity, begun, &user_id).await;
        assert!(!is_valid(&identity, &token).await);
        let token = make(&identity, identity.generation().await.unwrap(), &user_id).await;
        assert!(is_valid(&identity, &token).await, "in the same second, but after it");
    }
}

/// Tokens that Keystone made tell no generation: for them the second decides.
#[tokio::test]
async fn tokens_made_elsewhere_are_revoked_by_their_second() {
    for (_test, identity, user_id) in each().await {
        let elsewhere = || {
            let (methods, audit_ids) = (vec!["password".to_owned()], vec![ferrostack_auth::new_audit_id()]);
            let expires_at_us = (identity.now() + Duration::from_secs(3600)).micros();
            let kind = SystemScoped { system: "all".to_owned() }.into();
            let payload = Payload { user_id: user_id.to_string(), methods, expires_at_us, audit_ids, kind };
            identity.tokens().encode(&payload, identity.now().micros()).unwrap()
        };
        let before = elsewhere();
        assert!(is_valid(&identity, &before).await);
        revoke_user(&identity, &user_id).await;
        assert!(!is_valid(&identity, &before).await);
        identity.db().clock().advance(Duration::from_secs(1));
        assert!(is_valid(&identity, &elsewhere()).await);
    }
}

/// What is of no use any more is forgotten, so that the table stays small.
#[tokio::test]
async fn revocations_are_forgotten_when_the_tokens_have_ended() {
    for (_test, identity, user_id) in each().await {
        let token = make(&identity, identity.generation().await.unwrap(), &user_id).await;
        let validated = validate(&identity, &token, Duration::ZERO).await.unwrap();
        revoke(&identity, &validated).await.unwrap();
        let audit_id = validated.who.audit_ids[0].as_str();
        assert_eq!(revocation::list(identity.db(), &[audit_id]).await.unwrap().len(), 1);
        let options = identity.options();
        identity.db().clock().advance(options.token_expiration + options.allow_expired_window + Duration::from_secs(1));
        revoke_user(&identity, &user_id).await;
        assert!(revocation::list(identity.db(), &[audit_id]).await.unwrap().is_empty());
    }
}

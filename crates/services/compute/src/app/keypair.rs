//! Key pairs: imported, or made here.

use base64::{Engine, prelude::BASE64_STANDARD};
use ferrostack_base::Secret;
use ferrostack_db::DbError;
use ferrostack_quota::{Want, give_back, take};
use md5::{Digest, Md5};
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey};
use uuid::Uuid;

use crate::{Compute, ComputeError, model::KeyPair, store};

/// The resource under which key pairs are counted, for each user.
pub(crate) const QUOTA: &str = "compute.key_pairs";

impl Compute {
    /// Takes a public key in, or makes a pair; the private key of a new pair is returned once and not kept.
    ///
    /// New pairs are Ed25519 keys in OpenSSH's format: what every OpenSSH since 2014 takes, small, and quickly made.
    pub(crate) async fn create_keypair(
        &self,
        project: Option<&str>,
        user: &str,
        name: &str,
        public_key: Option<&str>,
    ) -> Result<(KeyPair, Option<Secret<String>>), ComputeError> {
        let (public_key, private_key) = match public_key {
            Some(text) => (text.trim().to_owned(), None),
            None => generate()?,
        };
        let fingerprint = fingerprint(&public_key)?;
        let limit = self.limit(project, "compute.key_pairs", self.options().quotas.key_pairs).await?;
        let (id, created) = (Uuid::new_v4(), self.now());
        let pair = KeyPair {
            id,
            number: 0,
            user_id: user.to_owned(),
            name: name.to_owned(),
            public_key,
            fingerprint,
            created,
        };
        let draft = &pair;
        let written = self
            .db()
            .tx(|tx| async move {
                let number = store::counter::next(&tx, "keypair", 1).await?;
                let pair = KeyPair { number, ..draft.clone() };
                take(&tx, user, &pair.id.to_string(), &[Want { resource: QUOTA, amount: 1, default_limit: limit }])
                    .await?;
                store::keypair::insert(&tx, &pair).await?;
                Ok::<_, ComputeError>(pair)
            })
            .await;
        match written {
            Err(ComputeError::Db(DbError::Duplicate { .. })) => {
                Err(ComputeError::conflict(format!("Key pair {name:?} already exists.")))
            }
            other => Ok((other?, private_key)),
        }
    }

    /// The user's key pair of that name.
    pub(crate) async fn find_keypair(&self, user: &str, name: &str) -> Result<KeyPair, ComputeError> {
        let pair = store::keypair::find(self.db(), user, name).await?;
        pair.ok_or_else(|| ComputeError::NotFound { what: "Keypair", id: format!("{name} of user {user}") })
    }

    /// Forgets a key pair; servers keep the key that they were made with.
    pub(crate) async fn delete_keypair(&self, pair: &KeyPair) -> Result<(), ComputeError> {
        self.db()
            .tx(|tx| async move {
                store::keypair::delete(&tx, pair).await?;
                give_back(&tx, &pair.id.to_string()).await?;
                Ok(())
            })
            .await
    }
}

fn generate() -> Result<(String, Option<Secret<String>>), ComputeError> {
    let mut key = PrivateKey::random(&mut ssh_key::rand_core::OsRng, Algorithm::Ed25519)?;
    key.set_comment("Generated-by-Ferrostack");
    let text = key.to_openssh(LineEnding::LF)?.to_string();
    Ok((key.public_key().to_openssh()?, Some(Secret::new(text))))
}

/// The MD5 fingerprint of a public key, as `ssh-keygen -E md5 -l` shows it.
fn fingerprint(public_key: &str) -> Result<String, ComputeError> {
    let invalid = |reason: String| ComputeError::invalid("public_key", reason);
    let key = PublicKey::from_openssh(public_key)
        .map_err(|error| invalid(format!("it is no OpenSSH public key ({error}).")))?;
    let blob = key.to_bytes().map_err(|error| invalid(format!("it can't be written again ({error}).")))?;
    // What was sent must be the key itself, with nothing hidden behind it.
    let sent = public_key.split_whitespace().nth(1).and_then(|text| BASE64_STANDARD.decode(text).ok());
    if sent.as_deref() != Some(&blob[..]) {
        return Err(invalid("its data is not in the usual form.".to_owned()));
    }
    let pairs: Vec<String> = Md5::digest(&blob).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_ssh_keygen() {
        // Made and fingerprinted with ssh-keygen.
        let ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9Dn/GjqUbHHMeT3cWv169e3ZXjJDDp36SgniD/nALu me@here";
        assert_eq!(fingerprint(ed25519).unwrap(), "ea:02:da:18:51:6f:77:32:4d:5b:8a:18:65:a6:09:0d");
        let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHIRD+lgriIxSiiHh2xNWshzpuvg\
            XvLi1LQIMXc0VpOee7+Ob0b1Nw3q9hrpK8A1XVGULZuUcFBJquAShlNDcRQ= me";
        assert_eq!(fingerprint(ecdsa).unwrap(), "e3:b8:7a:73:c1:47:ac:58:cd:02:85:14:7c:87:b7:50");
        let rsa = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDiHn41juWl6Uwx6fdaOYs3aKoDN9h4Z5H+V4GzcBvPplSuCs2r3MN/AzKlKKF4\
            i1qV50cB/340Zj9LEt5sLlYUS/OCCC7X5tQXADA9UKXWLebcFJRrOes/TUwa3GbIEWfzu+OzC0m1/DTd/bbCrgj0bqiOsxf2Vaus\
            IAO3muafetPIAEoPaX1EMntusmbrJHX4xIE8I1n2mKG7jB7mueDz21hwdzRlnoaFna9UrpAqvpKaHG8SRjunSNZPEB95dhViGVyj\
            4XWK+q3SiqL8gcNnWbG8jwYXDfGSTlpnstWyZehahHY/uXRNvz3Xy39EXfmwUlrhFXR8SBqIDABnKCgn me";
        assert_eq!(fingerprint(rsa).unwrap(), "91:e9:0f:8a:75:07:d3:06:af:b2:8c:a8:7c:26:35:bc");
    }

    #[test]
    fn a_new_pair_belongs_together() {
        let (public, private) = generate().unwrap();
        let private = PrivateKey::from_openssh(private.unwrap().expose()).unwrap();
        assert_eq!(private.public_key().key_data(), PublicKey::from_openssh(&public).unwrap().key_data());
        assert_eq!(fingerprint(&public).unwrap().len(), 47);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "ssh-rsa",
            "ssh-rsa AAAA",
            "ssh-rsa bm90IGEga2V5",
            "-----BEGIN PUBLIC KEY-----",
            "ssh-foo AAAAB3NzaC1yc2E=",
        ] {
            assert!(fingerprint(text).is_err(), "{text:?}");
        }
    }
}

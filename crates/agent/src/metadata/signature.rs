//! Who asks: said by the node, and signed, because the controller decides by it whose secrets to give.

use std::net::IpAddr;

use ferrostack_base::Secret;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// The header that holds the signature.
pub(super) const SIGNATURE: &str = "x-instance-signature";
/// The header that names the network.
pub(super) const NETWORK: &str = "x-ovn-network-id";
/// The header that names the guest's address.
pub(super) const ADDRESS: &str = "x-forwarded-for";

/// `hex(HMAC-SHA256(secret, "<network>\n<address>"))`.
pub(super) fn sign(secret: &Secret<String>, network: Uuid, address: IpAddr) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(format!("{network}\n{address}").as_bytes());
    Some(hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_over_both() {
        let secret = Secret::new("key".to_owned());
        let (network, address) = (Uuid::from_u128(3), "10.0.0.9".parse().unwrap());
        let signed = sign(&secret, network, address).unwrap();
        // Computed by `printf '00000000-0000-0000-0000-000000000003\n10.0.0.9' | openssl dgst -sha256 -hmac key`.
        assert_eq!(signed, "f717b1c72eb73f89c2b7fdccda10da37d6faaaa3f46c23fe7c73aab954f90f0b");
        assert_ne!(sign(&secret, Uuid::from_u128(4), address).unwrap(), signed);
        assert_ne!(sign(&secret, network, "10.0.0.8".parse().unwrap()).unwrap(), signed);
    }
}

//! Which segment (tunnel key, VLAN) a network gets.

use ferrostack_db::Tx;
use rand::Rng;

use crate::{
    Network,
    error::NetworkError,
    store::{self, network::NetworkRow},
};

const LARGEST_KEY: i64 = (1 << 24) - 1;

/// Type, physical network and segment as the request wants them.
#[derive(Debug, Clone, Default)]
pub(crate) struct WantedSegment {
    pub network_type: Option<String>,
    pub physical_network: Option<String>,
    pub segmentation_id: Option<i64>,
}

impl WantedSegment {
    /// Checks what was asked for against what the operator has, and gives type, physical network and segment; the last is
    /// `None` when it is to be chosen.
    pub(crate) fn check(self, known: &[String]) -> Result<(String, String, Option<i64>), NetworkError> {
        let network_type = match (&self.network_type, &self.physical_network, self.segmentation_id) {
            (Some(given), _, _) => given.as_str(),
            (None, None, None) => "geneve",
            (None, _, _) => {
                return Err(NetworkError::invalid("Invalid input for operation: provider:network_type required."));
            }
        };
        let physical = match (network_type, self.physical_network) {
            ("flat" | "vlan", Some(name)) if known.contains(&name) => name,
            ("flat" | "vlan", Some(name)) => {
                let message = format!(
                    "Invalid input for operation: physical_network '{name}' unknown (known: {}).",
                    known.join(", ")
                );
                return Err(NetworkError::invalid(message));
            }
            ("flat" | "vlan", None) => match known.first() {
                Some(name) if network_type == "vlan" => name.clone(),
                _ => {
                    return Err(NetworkError::invalid(
                        "Invalid input for operation: physical_network required for flat provider network.",
                    ));
                }
            },
            ("geneve", None) => String::new(),
            ("geneve", Some(_)) => {
                return Err(NetworkError::invalid(
                    "Invalid input for operation: provider:physical_network specified for geneve network.",
                ));
            }
            (other, _) => {
                let message = format!(
                    "Invalid input for operation: provider:network_type {other:?} is not one of geneve, vlan, flat."
                );
                return Err(NetworkError::invalid(message));
            }
        };
        let range = match network_type {
            "flat" if self.segmentation_id.is_some() => {
                return Err(NetworkError::invalid(
                    "Invalid input for operation: segmentation_id specified for flat provider network.",
                ));
            }
            "vlan" => 1..=4094,
            _ => 1..=LARGEST_KEY,
        };
        if let Some(id) = self.segmentation_id.filter(|id| !range.contains(id)) {
            let message = format!(
                "Invalid input for operation: segmentation_id {id} is out of range ({} to {}).",
                range.start(),
                range.end()
            );
            return Err(NetworkError::invalid(message));
        }
        Ok((network_type.to_owned(), physical, self.segmentation_id))
    }
}

impl Network {
    /// Takes the row's segment, choosing one where it has none yet.
    pub(crate) async fn take_segment(&self, tx: &Tx, row: &mut NetworkRow) -> Result<(), NetworkError> {
        if row.network_type == "flat" || row.segmentation_id.is_some() {
            return store::network::insert_segment(tx, row).await.map_err(|error| in_use(error, row));
        }
        if row.network_type == "vlan" {
            let used = store::network::list_segments(tx, "vlan", &row.physical_network).await?;
            for id in (1..=4094).filter(|id| !used.contains(id)) {
                row.segmentation_id = Some(id);
                match store::network::insert_segment(tx, row).await {
                    Err(error) if error.is_duplicate() => {}
                    other => return Ok(other?),
                }
            }
        } else {
            for _ in 0..100 {
                row.segmentation_id = Some(rand::rng().random_range(1..=LARGEST_KEY));
                match store::network::insert_segment(tx, row).await {
                    Err(error) if error.is_duplicate() => {}
                    other => return Ok(other?),
                }
            }
        }
        Err(NetworkError::conflict("NoNetworkAvailable", "Unable to create the network: no segment is free."))
    }
}

fn in_use(error: ferrostack_db::DbError, row: &NetworkRow) -> NetworkError {
    if !error.is_duplicate() {
        return error.into();
    }
    let (physical, id) = (&row.physical_network, row.segmentation_id.unwrap_or(0));
    match row.network_type.as_str() {
        "flat" => NetworkError::conflict(
            "FlatNetworkInUse",
            format!("Unable to create the flat network. Physical network {physical} is in use."),
        ),
        "vlan" => NetworkError::conflict(
            "VlanIdInUse",
            format!("Unable to create the network. The VLAN {id} on physical network {physical} is in use."),
        ),
        _ => NetworkError::conflict(
            "TunnelIdInUse",
            format!("Unable to create the network. The tunnel ID {id} is in use."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        network_type: Option<&str>,
        physical: Option<&str>,
        id: Option<i64>,
    ) -> Result<(String, String, Option<i64>), NetworkError> {
        let wanted = WantedSegment {
            network_type: network_type.map(str::to_owned),
            physical_network: physical.map(str::to_owned),
            segmentation_id: id,
        };
        wanted.check(&["public".to_owned()])
    }

    #[test]
    fn types_need_what_they_need() {
        assert_eq!(check(None, None, None).unwrap(), ("geneve".into(), String::new(), None));
        assert_eq!(check(Some("flat"), Some("public"), None).unwrap(), ("flat".into(), "public".into(), None));
        assert_eq!(check(Some("vlan"), Some("public"), Some(7)).unwrap(), ("vlan".into(), "public".into(), Some(7)));
        for (kind, physical, id) in [
            (None, Some("public"), None),
            (Some("flat"), None, None),
            (Some("flat"), Some("other"), None),
            (Some("flat"), Some("public"), Some(1)),
            (Some("vlan"), Some("public"), Some(4095)),
            (Some("geneve"), Some("public"), None),
            (Some("carrier-pigeon"), None, None),
        ] {
            assert!(check(kind, physical, id).is_err(), "{kind:?} {physical:?} {id:?}");
        }
    }
}

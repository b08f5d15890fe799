//! What other services ask of this one: the [`ferrostack_contracts::Network`] of compute. Every call may be repeated.

mod addresses;
mod binding;
mod nics;

use std::{collections::HashMap, net::IpAddr, time::Duration};

use ferrostack_auth::{Ctx, Origin};
use ferrostack_contracts::{Address, BoundPort, Network as Contract, Nic, NicRequest, PortFacts, PortSpec, Reply};
use uuid::Uuid;

use crate::{Network, ids::NetworkId, store};

impl Contract for Network {
    fn plan<'a>(
        &'a self,
        cx: &'a Ctx,
        nics: Option<&'a [NicRequest]>,
        security_groups: &'a [String],
    ) -> Reply<'a, Vec<Nic>> {
        Box::pin(async move { Ok(nics::plan(cx, self, nics, security_groups).await?) })
    }

    fn ensure_port<'a>(&'a self, origin: &'a Origin, spec: PortSpec<'a>) -> Reply<'a, ()> {
        Box::pin(async move { Ok(nics::ensure_port(self, origin, &spec).await?) })
    }

    fn bind<'a>(&'a self, server_id: Uuid, host: &'a str) -> Reply<'a, Vec<BoundPort>> {
        Box::pin(async move { Ok(binding::bind(self, server_id, host).await?) })
    }

    fn unbind(&self, server_id: Uuid) -> Reply<'_, ()> {
        Box::pin(async move { Ok(binding::unbind(self, server_id).await?) })
    }

    fn release<'a>(&'a self, server_id: Uuid, owned: &'a [Uuid]) -> Reply<'a, ()> {
        Box::pin(async move { Ok(binding::release(self, server_id, owned).await?) })
    }

    fn wait_until_up(&self, server_id: Uuid, patience: Duration) -> Reply<'_, ()> {
        Box::pin(async move { Ok(binding::wait_until_up(self, server_id, patience).await?) })
    }

    fn addresses<'a>(&'a self, server_ids: &'a [Uuid]) -> Reply<'a, HashMap<Uuid, Vec<Address>>> {
        Box::pin(async move { Ok(addresses::of_servers(self, server_ids).await?) })
    }

    fn server_at(&self, network_id: Uuid, ip: IpAddr) -> Reply<'_, Option<Uuid>> {
        Box::pin(async move { Ok(addresses::server_at(self, NetworkId(network_id), ip).await?) })
    }

    fn server_ports(&self) -> Reply<'_, Vec<PortFacts>> {
        Box::pin(async move {
            let rows = store::port::list_of_servers(self.db()).await?;
            let facts = rows.into_iter().map(|(id, device, host)| PortFacts {
                port_id: id.0,
                device_id: device.parse().ok(),
                host: Some(host).filter(|host| !host.is_empty()),
            });
            Ok(facts.collect())
        })
    }
}

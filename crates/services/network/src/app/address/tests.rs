use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn pool(start: &str, end: &str) -> Pool {
    Pool { start: ip(start), end: ip(end) }
}

fn subnet(net: &str, mode: Option<&str>) -> SubnetRow {
    SubnetRow {
        id: SubnetId::new(),
        project_id: "p".into(),
        network_id: crate::ids::NetworkId::new(),
        name: String::new(),
        cidr: net.parse().unwrap(),
        gateway_ip: None,
        enable_dhcp: true,
        ipv6_ra_mode: mode.map(str::to_owned),
        ipv6_address_mode: mode.map(str::to_owned),
        allocation_pools: cidr::default_pools(&net.parse().unwrap(), None),
        dns_nameservers: vec![],
        host_routes: vec![],
        standard: store::Standard::default(),
    }
}

#[test]
fn the_cursor_goes_round_all_pools() {
    let (cursors, id) = (Cursors::default(), SubnetId::new());
    let pools = [pool("10.0.0.2", "10.0.0.3"), pool("10.0.0.9", "10.0.0.9")];
    let seen: Vec<String> = (0..5).map(|_| cursors.next(id, &pools).unwrap().to_string()).collect();
    assert_eq!(seen, ["10.0.0.2", "10.0.0.3", "10.0.0.9", "10.0.0.2", "10.0.0.3"]);
    assert_eq!(cursors.next(id, &[]), None);
}

#[test]
fn gaps_are_found() {
    let (from, end) = (ip("10.0.0.2"), ip("10.0.0.5"));
    assert_eq!(first_gap(from, end, &[]).0, Some(from));
    assert_eq!(first_gap(from, end, &[ip("10.0.0.2"), ip("10.0.0.4")]).0, Some(ip("10.0.0.3")));
    assert_eq!(first_gap(from, end, &[ip("10.0.0.2"), ip("10.0.0.3")]).0, Some(ip("10.0.0.4")));
    let all: Vec<IpAddr> = (2..6).map(|last| ip(&format!("10.0.0.{last}"))).collect();
    assert_eq!(first_gap(from, end, &all), (None, end));
}

const MAC: &str = "fa:16:3e:11:22:33";

#[test]
fn without_a_wish_a_port_gets_one_address_of_each_family_and_all_that_it_makes_itself() {
    let subnets = [
        subnet("10.0.0.0/24", None),
        subnet("10.0.1.0/24", None),
        subnet("2001:db8:1::/64", None),
        subnet("2001:db8:2::/64", Some("slaac")),
    ];
    let wanted = plan(&subnets, None, MAC, false).unwrap();
    assert_eq!(wanted.len(), 3);
    assert!(matches!(&wanted[0], Wanted::AnyOf(of) if of.len() == 2));
    assert_eq!(wanted[2], Wanted::Exactly(subnets[3].id, ip("2001:db8:2:0:f816:3eff:fe11:2233")));
    assert_eq!(plan(&subnets, None, MAC, true).unwrap().len(), 2);
    assert_eq!(plan(&subnets, Some(&[]), MAC, false).unwrap(), []);
}

#[test]
fn wishes_must_fit_the_network() {
    let subnets = [subnet("10.0.0.0/24", None), subnet("2001:db8:2::/64", Some("slaac"))];
    let ask = |subnet_id, address: Option<&str>| {
        plan(&subnets, Some(&[RequestedIp { subnet_id, ip_address: address.map(ip) }]), MAC, false)
    };
    let code = |result: Result<Vec<Wanted>, NetworkError>| match result.unwrap_err() {
        NetworkError::Invalid { code, .. } => code,
        other => panic!("{other}"),
    };
    assert_eq!(ask(None, Some("10.0.0.7")).unwrap()[0], Wanted::Exactly(subnets[0].id, ip("10.0.0.7")));
    assert_eq!(code(ask(None, Some("10.1.0.7"))), "InvalidIpForNetwork");
    assert_eq!(code(ask(Some(subnets[0].id), Some("10.1.0.7"))), "InvalidIpForSubnet");
    assert_eq!(code(ask(None, Some("10.0.0.255"))), "InvalidIpForSubnet");
    assert_eq!(code(ask(Some(subnets[1].id), Some("2001:db8:2::7"))), "AllocationOnAutoAddressSubnet");
    assert_eq!(code(ask(Some(SubnetId::new()), None)), "InvalidInput");
    assert_eq!(code(ask(None, None)), "InvalidInput");
    assert_eq!(
        code(plan(&subnets, Some(&[RequestedIp { subnet_id: Some(subnets[0].id), ip_address: None }; 6]), MAC, false)),
        "InvalidInput"
    );
}

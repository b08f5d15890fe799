//! The standard places. In an isolated cloud they are private folders of that cloud, under the same paths.

/// Folders that engines need, made when they are not there.
pub(crate) const FOLDERS: &[&str] = &[
    "/run/openvswitch",
    "/run/ovn",
    "/run/libvirt",
    "/etc/openvswitch",
    "/var/lib/openvswitch",
    "/var/lib/ovn",
    "/var/lib/libvirt",
    "/var/cache/libvirt",
    "/var/log/openvswitch",
    "/var/log/ovn",
    "/var/log/libvirt",
];

/// The socket of the node's own database.
pub(crate) const OPEN_VSWITCH_SOCKET: &str = "/run/openvswitch/db.sock";
/// Where Debian's Open vSwitch has its database, directly or as a link to [`OPEN_VSWITCH_DATABASE`].
pub(crate) const OPEN_VSWITCH_DATABASE_LINK: &str = "/etc/openvswitch/conf.db";
/// The node's own database.
pub(crate) const OPEN_VSWITCH_DATABASE: &str = "/var/lib/openvswitch/conf.db";
/// Where Open vSwitch's own scripts keep the name of the chassis.
pub(crate) const SYSTEM_ID_FILE: &str = "/etc/openvswitch/system-id.conf";
/// The socket of the Northbound database.
pub(crate) const NORTHBOUND_SOCKET: &str = "/run/ovn/ovnnb_db.sock";
/// The Northbound database.
pub(crate) const NORTHBOUND_DATABASE: &str = "/var/lib/ovn/ovnnb_db.db";
/// The socket of the Southbound database.
pub(crate) const SOUTHBOUND_SOCKET: &str = "/run/ovn/ovnsb_db.sock";
/// The Southbound database.
pub(crate) const SOUTHBOUND_DATABASE: &str = "/var/lib/ovn/ovnsb_db.db";
/// libvirt's socket.
pub(crate) const LIBVIRT_SOCKET: &str = "/run/libvirt/libvirt-sock";
/// How libvirt's clients name it.
pub(crate) const LIBVIRT_URI: &str = "qemu:///system";

/// What a scheme needs `unix:` before.
pub(crate) fn unix(socket: &str) -> String {
    format!("unix:{socket}")
}

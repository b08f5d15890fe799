//! The engines, in the order in which they are started.

use std::path::{Path, PathBuf};

use crate::{
    Daemon, Ready, Version,
    places::{
        LIBVIRT_SOCKET, NORTHBOUND_DATABASE, NORTHBOUND_SOCKET, OPEN_VSWITCH_DATABASE, OPEN_VSWITCH_DATABASE_LINK,
        OPEN_VSWITCH_SOCKET, SOUTHBOUND_DATABASE, SOUTHBOUND_SOCKET, unix,
    },
};

/// Name of the server of the node's own database.
pub(crate) const OPEN_VSWITCH_SERVER: &str = "ovsdb-server";
/// Name of the switch.
pub(crate) const VSWITCHD: &str = "ovs-vswitchd";
/// Name of the server of the Northbound database.
pub(crate) const NORTHBOUND_SERVER: &str = "ovsdb-server-nb";
/// Name of the server of the Southbound database.
pub(crate) const SOUTHBOUND_SERVER: &str = "ovsdb-server-sb";
/// Name of OVN's translator.
pub(crate) const NORTHD: &str = "ovn-northd";
/// Name of OVN's part on the node.
pub(crate) const CONTROLLER: &str = "ovn-controller";
/// Name of libvirt's keeper of console logs.
pub(crate) const VIRTLOGD: &str = "virtlogd";
/// Name of libvirt's daemon.
pub(crate) const LIBVIRTD: &str = "libvirtd";

/// The engines, in the order in which they are started; they are stopped in reverse.
pub(crate) fn all() -> Vec<Daemon> {
    vec![
        open_vswitch_server(),
        vswitchd(),
        ovn_server(
            NORTHBOUND_SERVER,
            &["ovn-ovsdb-server-nb.service", "ovn-central.service"],
            "ovnnb_db",
            ("OVN_Northbound", "NB_Global"),
            (NORTHBOUND_SOCKET, NORTHBOUND_DATABASE, "/usr/share/ovn/ovn-nb.ovsschema"),
        ),
        ovn_server(
            SOUTHBOUND_SERVER,
            &["ovn-ovsdb-server-sb.service", "ovn-central.service"],
            "ovnsb_db",
            ("OVN_Southbound", "SB_Global"),
            (SOUTHBOUND_SOCKET, SOUTHBOUND_DATABASE, "/usr/share/ovn/ovn-sb.ovsschema"),
        ),
        northd(),
        controller(),
        virtlogd(),
        libvirtd(),
    ]
}

const RUN_FOLDERS: [(&str, &str); 2] = [("OVS_RUNDIR", "/run/openvswitch"), ("OVN_RUNDIR", "/run/ovn")];

// The lowest versions are those of Debian 12, the oldest that we test with.
fn open_vswitch_version() -> Version {
    Version::new([3, 1])
}
fn ovn_version() -> Version {
    Version::new([23, 3])
}
fn libvirt_version() -> Version {
    Version::new([9, 0])
}

/// The arguments that all daemons of Open vSwitch and OVN have in common. The monitor starts a daemon again that crashes;
/// one that is killed from outside it does not.
fn daemon_args(pid_file: &str, log: &str) -> Vec<String> {
    vec![
        "-vconsole:emer".to_owned(),
        "-vsyslog:off".to_owned(),
        "-vfile:info".to_owned(),
        format!("--pidfile={pid_file}"),
        format!("--log-file={log}"),
        "--detach".to_owned(),
        "--monitor".to_owned(),
    ]
}

fn open_vswitch_server() -> Daemon {
    let (pid_file, log) = ("/run/openvswitch/ovsdb-server.pid", "/var/log/openvswitch/ovsdb-server.log");
    // Older installations have the database itself where newer ones have a link.
    let link = Path::new(OPEN_VSWITCH_DATABASE_LINK);
    let file = if link.is_file() && !link.is_symlink() { link } else { Path::new(OPEN_VSWITCH_DATABASE) };
    let mut args = vec![
        file.display().to_string(),
        format!("--remote=p{}", unix(OPEN_VSWITCH_SOCKET)),
        "--remote=db:Open_vSwitch,Open_vSwitch,manager_options".to_owned(),
    ];
    args.extend(daemon_args(pid_file, log));
    Daemon {
        name: OPEN_VSWITCH_SERVER,
        program: "ovsdb-server",
        package: "openvswitch-switch",
        needed: open_vswitch_version(),
        units: &["ovsdb-server.service", "openvswitch-switch.service"],
        args,
        environment: RUN_FOLDERS.to_vec(),
        pid_file: pid_file.into(),
        other_pid_files: &[],
        log: log.into(),
        database: Some((file.to_path_buf(), "/usr/share/openvswitch/vswitch.ovsschema")),
        ready: Ready::Database(OPEN_VSWITCH_SOCKET, "Open_vSwitch"),
    }
}

fn vswitchd() -> Daemon {
    let (pid_file, log) = ("/run/openvswitch/ovs-vswitchd.pid", "/var/log/openvswitch/ovs-vswitchd.log");
    // Without `--mlockall`, which the init system's start has: it takes all stacks of its threads, 46 MB on two cores.
    let mut args = vec![unix(OPEN_VSWITCH_SOCKET)];
    args.extend(daemon_args(pid_file, log));
    Daemon {
        name: VSWITCHD,
        program: "ovs-vswitchd",
        package: "openvswitch-switch",
        needed: open_vswitch_version(),
        units: &["ovs-vswitchd.service", "openvswitch-switch.service"],
        args,
        environment: RUN_FOLDERS.to_vec(),
        pid_file: pid_file.into(),
        other_pid_files: &[],
        log: log.into(),
        database: None,
        ready: Ready::Control("/run/openvswitch"),
    }
}

fn ovn_server(
    name: &'static str,
    units: &'static [&'static str],
    stem: &str,
    (database, root): (&'static str, &str),
    (socket, file, schema): (&'static str, &str, &'static str),
) -> Daemon {
    let pid_file = format!("/run/ovn/{stem}.pid");
    let log = format!("/var/log/ovn/{name}.log");
    let mut args = vec![
        file.to_owned(),
        format!("--remote=p{}", unix(socket)),
        format!("--remote=db:{database},{root},connections"),
        format!("--unixctl=/run/ovn/{stem}.ctl"),
    ];
    args.extend(daemon_args(&pid_file, &log));
    Daemon {
        name,
        program: "ovsdb-server",
        package: "ovn-central",
        needed: open_vswitch_version(),
        units,
        args,
        environment: RUN_FOLDERS.to_vec(),
        pid_file: pid_file.into(),
        other_pid_files: &[],
        log: log.into(),
        database: Some((file.into(), schema)),
        ready: Ready::Database(socket, database),
    }
}

fn northd() -> Daemon {
    let (pid_file, log) = ("/run/ovn/ovn-northd.pid", "/var/log/ovn/ovn-northd.log");
    let mut args =
        vec![format!("--ovnnb-db={}", unix(NORTHBOUND_SOCKET)), format!("--ovnsb-db={}", unix(SOUTHBOUND_SOCKET))];
    args.extend(daemon_args(pid_file, log));
    Daemon {
        name: NORTHD,
        program: "ovn-northd",
        package: "ovn-central",
        needed: ovn_version(),
        units: &["ovn-northd.service", "ovn-central.service"],
        args,
        environment: RUN_FOLDERS.to_vec(),
        pid_file: pid_file.into(),
        other_pid_files: &[],
        log: log.into(),
        database: None,
        ready: Ready::Control("/run/ovn"),
    }
}

fn controller() -> Daemon {
    let (pid_file, log) = ("/run/ovn/ovn-controller.pid", "/var/log/ovn/ovn-controller.log");
    let mut args = vec![unix(OPEN_VSWITCH_SOCKET)];
    args.extend(daemon_args(pid_file, log));
    Daemon {
        name: CONTROLLER,
        program: "ovn-controller",
        package: "ovn-host",
        needed: ovn_version(),
        units: &["ovn-controller.service", "ovn-host.service"],
        args,
        environment: RUN_FOLDERS.to_vec(),
        pid_file: pid_file.into(),
        other_pid_files: &[],
        log: log.into(),
        database: None,
        ready: Ready::Control("/run/ovn"),
    }
}

fn virtlogd() -> Daemon {
    let pid_file = "/run/libvirt/virtlogd.pid";
    Daemon {
        name: VIRTLOGD,
        program: "virtlogd",
        package: "libvirt-daemon-system",
        needed: libvirt_version(),
        units: &["virtlogd.socket", "virtlogd.service"],
        args: vec!["--daemon".to_owned(), "--pid-file".to_owned(), pid_file.to_owned()],
        environment: vec![("VIRTLOGD_LOG_OUTPUTS", "3:file:/var/log/libvirt/virtlogd.log")],
        pid_file: pid_file.into(),
        other_pid_files: &["/run/virtlogd.pid"],
        log: PathBuf::from("/var/log/libvirt/virtlogd.log"),
        database: None,
        ready: Ready::Socket("/run/libvirt/virtlogd-sock"),
    }
}

fn libvirtd() -> Daemon {
    let pid_file = "/run/libvirt/libvirtd.pid";
    Daemon {
        name: LIBVIRTD,
        program: "libvirtd",
        package: "libvirt-daemon-system",
        needed: libvirt_version(),
        units: &["libvirtd.service", "virtqemud.service"],
        args: vec!["--daemon".to_owned(), "--pid-file".to_owned(), pid_file.to_owned()],
        environment: vec![("LIBVIRT_LOG_OUTPUTS", "3:file:/var/log/libvirt/libvirtd.log")],
        pid_file: pid_file.into(),
        other_pid_files: &["/run/libvirtd.pid", "/run/virtqemud.pid"],
        log: PathBuf::from("/var/log/libvirt/libvirtd.log"),
        database: None,
        ready: Ready::Socket(LIBVIRT_SOCKET),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn engines_have_names_and_pid_files_of_their_own() {
        let engines = all();
        let names: BTreeSet<_> = engines.iter().map(|engine| engine.name).collect();
        let files: BTreeSet<_> = engines.iter().map(|engine| &engine.pid_file).collect();
        assert_eq!((names.len(), files.len()), (engines.len(), engines.len()));
        for engine in &engines {
            let told = engine.pid_file.to_str().unwrap();
            assert!(engine.args.iter().any(|arg| arg.ends_with(told)), "{} is not told its pid file", engine.name);
            assert!(!engine.units.is_empty() && !engine.package.is_empty());
        }
    }
}

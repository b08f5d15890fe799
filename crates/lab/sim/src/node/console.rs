//! What a simulated guest writes on its console: a boot like that of a small Linux, down to the login prompt.

use super::domain::Domain;

/// A few lines of each boot. `{host}` is the guest's name.
const BOOT: &[&str] = &[
    "[    0.000000] Linux version 6.12.0-simulated (ferrostack) #1 SMP",
    "[    0.000000] Command line: root=/dev/vda1 console=tty1 console=ttyS0",
    "[    0.204113] Memory: {memory}M available",
    "[    0.311847] smp: Brought up 1 node, {vcpus} CPUs",
    "[    0.702254] virtio_blk virtio1: [vda] attached",
    "[    0.918662] virtio_net virtio0 eth0: {interfaces} interfaces found",
    "[    1.120018] EXT4-fs (vda1): mounted filesystem",
    "[    1.498310] systemd[1]: Hostname set to <{host}>.",
    "[    2.034557] cloud-init: running 'modules:final' at {time}",
    "[    2.377090] cloud-init: finished, datasource ConfigDrive",
    "",
    "{host} login: ",
];

/// The last `lines` lines of the console; all of it when `None`.
pub(super) fn log(domain: &Domain, lines: Option<usize>) -> String {
    let spec = &domain.spec;
    let mut all: Vec<String> = Vec::new();
    for boot in &domain.boots {
        for line in BOOT {
            let line = line.replace("{host}", &spec.hostname).replace("{memory}", &spec.memory_mb.to_string());
            let line = line.replace("{vcpus}", &spec.vcpus.to_string()).replace("{time}", &boot.to_iso());
            all.push(line.replace("{interfaces}", &spec.interfaces.len().to_string()));
        }
    }
    let skipped = lines.map_or(0, |lines| all.len().saturating_sub(lines));
    all.split_off(skipped).join("\n")
}

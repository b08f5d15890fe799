//! What a domain is made of, in a hypervisor's own words, and the XML that libvirt wants for it.

mod check;
mod device;
mod error;
mod metadata;
mod write;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use uuid::Uuid;

pub use device::{
    CacheMode, Cdrom, Disk, DiskBus, DiskFormat, Interface, InterfaceModel, IoMode, Offloads, Serial, Video, Vnc,
};
pub use error::ConfigError;
pub use metadata::Metadata;
pub(crate) use write::metadata_element;

/// How a guest's processor instructions are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VirtType {
    /// By the processor.
    Kvm,
    /// By QEMU's translator (TCG): works everywhere, some ten times slower.
    Qemu,
}

impl VirtType {
    /// libvirt's word for it: `kvm`, `qemu`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Qemu => "qemu",
        }
    }
}

impl std::fmt::Display for VirtType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for VirtType {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "kvm" => Ok(Self::Kvm),
            "qemu" => Ok(Self::Qemu),
            _ => Err(ConfigError::Value { field: "virt_type", value: text.to_owned(), rule: "kvm or qemu" }),
        }
    }
}

/// The machine that is emulated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Machine {
    /// i440FX: PCI, IDE. An IDE cdrom is seen by every kernel.
    #[default]
    Pc,
    /// Q35: PCI Express, SATA. No IDE; kernels without an AHCI driver do not see a SATA cdrom.
    Q35,
    /// Any other of libvirt's names, such as `pc-i440fx-7.2`.
    Other(String),
}

impl Machine {
    /// libvirt's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pc => "pc",
            Self::Q35 => "q35",
            Self::Other(name) => name,
        }
    }

    /// The bus on which a cdrom of this machine is seen by most guests.
    pub fn cdrom_bus(&self) -> DiskBus {
        if self.as_str().contains("q35") { DiskBus::Sata } else { DiskBus::Ide }
    }
}

/// The processor that the guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cpu {
    /// The host's own, all of it; only with [`VirtType::Kvm`].
    HostPassthrough,
    /// The nearest named one to the host's; only with [`VirtType::Kvm`].
    HostModel,
    /// All that the emulator can do.
    Maximum,
    /// One of libvirt's names, such as `qemu64` or `Nehalem`.
    Named(String),
}

impl Cpu {
    /// What serves best when nobody has a wish. Among those that can be emulated the choice makes no difference in time
    /// (a kernel boots in 1.6 to 1.7 s of processor time with `qemu64`, `Nehalem`, `Haswell-noTSX` and the maximum), so
    /// it is the one that runs the most: newer distributions need the instructions of x86-64-v2 or v3.
    pub fn best_for(virt_type: VirtType) -> Self {
        match virt_type {
            VirtType::Kvm => Self::HostPassthrough,
            VirtType::Qemu => Self::Maximum,
        }
    }
}

/// What the guest starts from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Boot {
    /// Its disks, in their order; then its cdroms.
    #[default]
    Disks,
    /// A kernel given from outside.
    Kernel {
        /// The kernel's file.
        kernel: PathBuf,
        /// The initial RAM disk's file.
        initrd: Option<PathBuf>,
        /// The kernel's command line.
        command_line: String,
    },
}

/// What happens when a guest does something with its own power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnLifecycle {
    /// Its process ends; the definition stays.
    Destroy,
    /// It starts again.
    Restart,
    /// Its process stays, for inspection. Not for a guest's own shutdown.
    Preserve,
}

/// Who owns the domain's files while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SecurityLabel {
    /// As libvirtd is configured: files are given to the user that QEMU runs as, and back afterwards, a base image below
    /// an overlay included, also when several domains share it.
    #[default]
    Default,
    /// Nobody's owner changes: files must be accessible to that user already. QEMU runs as it all the same.
    None,
}

/// A domain.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainConfig {
    /// Its id.
    pub uuid: Uuid,
    /// Its name in libvirt; unique on the host; no `/`, no line break.
    pub name: String,
    /// A title for people; any text.
    pub title: Option<String>,
    /// How it is executed.
    pub virt_type: VirtType,
    /// The machine.
    pub machine: Machine,
    /// The processor.
    pub cpu: Cpu,
    /// Processors; at least 1.
    pub vcpus: u32,
    /// Memory in MiB; at least 1.
    pub memory_mib: u64,
    /// TCG's buffer for translated code in MiB; `None` = QEMU's own choice (1 GiB of address space, filled as needed).
    /// Not written for [`VirtType::Kvm`]. See `DomainConfig::TB_CACHE_MIB`.
    pub tb_cache_mib: Option<u32>,
    /// What it starts from.
    pub boot: Boot,
    /// Its disks, in the order in which they are tried and named.
    pub disks: Vec<Disk>,
    /// Its cdroms.
    pub cdroms: Vec<Cdrom>,
    /// Its network interfaces, in the guest's order.
    pub interfaces: Vec<Interface>,
    /// Its first serial port.
    pub serial: Option<Serial>,
    /// Where its screen is served.
    pub vnc: Option<Vnc>,
    /// Its graphics card.
    pub video: Video,
    /// A pointing device with absolute positions, so that a VNC pointer does not drift.
    pub tablet: bool,
    /// A source of randomness for the guest (virtio, the host's `/dev/urandom`).
    pub rng: bool,
    /// A memory balloon (virtio), by which the host learns what the guest uses.
    pub balloon: bool,
    /// When the guest powers itself off.
    pub on_poweroff: OnLifecycle,
    /// When the guest resets itself.
    pub on_reboot: OnLifecycle,
    /// When the guest crashes.
    pub on_crash: OnLifecycle,
    /// Who owns the files.
    pub security: SecurityLabel,
    /// The caller's own notes, kept in libvirt's definition and found again with it.
    pub metadata: Metadata,
}

impl DomainConfig {
    /// The buffer for translated code that keeps emulated guests small. Measured with a guest of 96 MiB that has booted
    /// Linux 6.1 (libvirt 9.0, QEMU 7.2): without the setting its QEMU holds 221 MiB, with 64 MiB 210, with 32 MiB 173,
    /// with 16 MiB 154. The processor time of a boot is the same (5.1 to 6.2 s) down to 32 MiB, and a fifth more with 16.
    pub const TB_CACHE_MIB: u32 = 32;

    /// A domain with the usual devices and nothing attached.
    pub fn new(uuid: Uuid, name: impl Into<String>, virt_type: VirtType) -> Self {
        Self {
            uuid,
            name: name.into(),
            title: None,
            virt_type,
            machine: Machine::Pc,
            cpu: Cpu::best_for(virt_type),
            vcpus: 1,
            memory_mib: 128,
            tb_cache_mib: Some(Self::TB_CACHE_MIB),
            boot: Boot::Disks,
            disks: Vec::new(),
            cdroms: Vec::new(),
            interfaces: Vec::new(),
            serial: None,
            vnc: None,
            video: Video::Vga,
            tablet: true,
            rng: true,
            balloon: true,
            on_poweroff: OnLifecycle::Destroy,
            on_reboot: OnLifecycle::Restart,
            on_crash: OnLifecycle::Destroy,
            security: SecurityLabel::Default,
            metadata: Metadata::default(),
        }
    }

    /// libvirt's description of it.
    ///
    /// # Errors
    /// A value that XML or libvirt can't express, named by its field.
    pub fn to_xml(&self) -> Result<String, ConfigError> {
        write::domain(self)
    }
}

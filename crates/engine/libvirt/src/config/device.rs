//! The devices of a domain.

use std::path::PathBuf;

/// A disk: a file on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The file. Every directory above it must be traversable by the user that QEMU runs as.
    pub path: PathBuf,
    /// What it holds. Never guessed: a raw disk whose guest writes a qcow2 header would give it the host's files.
    pub format: DiskFormat,
    /// How it is attached.
    pub bus: DiskBus,
    /// How the host caches it.
    pub cache: CacheMode,
    /// How it is read and written.
    pub io: IoMode,
    /// Whether what the guest discards is given back to the host's file system.
    pub discard: bool,
    /// The serial number that the guest sees; at most 20 characters for virtio.
    pub serial: Option<String>,
    /// Whether the guest may only read it.
    pub read_only: bool,
}

impl Disk {
    /// A virtio disk with the defaults: cached by the host, flushed as the guest asks, threads for I/O.
    pub fn new(path: impl Into<PathBuf>, format: DiskFormat) -> Self {
        Self {
            path: path.into(),
            format,
            bus: DiskBus::Virtio,
            cache: CacheMode::Writeback,
            io: IoMode::Threads,
            discard: true,
            serial: None,
            read_only: false,
        }
    }
}

/// A cdrom with a disc in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cdrom {
    /// The disc's image, raw.
    pub path: PathBuf,
    /// How it is attached: see [`crate::Machine::cdrom_bus`]. `Virtio` makes it a read-only disk.
    pub bus: DiskBus,
}

/// The format of a disk's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiskFormat {
    /// The bytes as they are.
    Raw,
    /// QEMU's own, with a backing file where it names one.
    Qcow2,
}

impl DiskFormat {
    /// libvirt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Qcow2 => "qcow2",
        }
    }
}

/// How a disk is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiskBus {
    /// `vda`: a PCI function each, fastest.
    Virtio,
    /// `sda` at a virtio SCSI controller.
    Scsi,
    /// `hda`: at most four; on `pc` only.
    Ide,
    /// `sda` at an AHCI controller.
    Sata,
    /// `sda` at a USB controller.
    Usb,
}

impl DiskBus {
    /// libvirt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Virtio => "virtio",
            Self::Scsi => "scsi",
            Self::Ide => "ide",
            Self::Sata => "sata",
            Self::Usb => "usb",
        }
    }

    /// How libvirt's names for devices on it start.
    pub(crate) fn device_prefix(self) -> &'static str {
        match self {
            Self::Virtio => "vd",
            Self::Ide => "hd",
            Self::Scsi | Self::Sata | Self::Usb => "sd",
        }
    }
}

/// How the host caches a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheMode {
    /// In the host's page cache; flushed when the guest asks.
    Writeback,
    /// Not at all; flushed when the guest asks. The file system must know `O_DIRECT` (tmpfs did not before Linux 6.6).
    None,
    /// In the host's page cache; each write is flushed.
    Writethrough,
    /// Not at all, each write is flushed.
    DirectSync,
    /// In the host's page cache, flushes are ignored: data is lost when the host fails.
    Unsafe,
}

impl CacheMode {
    /// libvirt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Writeback => "writeback",
            Self::None => "none",
            Self::Writethrough => "writethrough",
            Self::DirectSync => "directsync",
            Self::Unsafe => "unsafe",
        }
    }
}

/// How QEMU reads and writes a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IoMode {
    /// A pool of threads.
    Threads,
    /// Linux AIO; only with [`CacheMode::None`] or [`CacheMode::DirectSync`].
    Native,
    /// `io_uring`.
    IoUring,
}

impl IoMode {
    /// libvirt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Native => "native",
            Self::IoUring => "io_uring",
        }
    }
}

/// A network interface on a tap that somebody else made and owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The tap's name, at most 15 bytes. It must exist when the domain starts, and stays when it ends.
    pub tap: String,
    /// `fa:16:3e:..`
    pub mac: String,
    /// In bytes; told to the guest by virtio.
    pub mtu: Option<u32>,
    /// What the guest sees.
    pub model: InterfaceModel,
    /// Checksums and segmentation.
    pub offloads: Offloads,
}

/// The network card that a guest sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterfaceModel {
    /// virtio, fastest.
    Virtio,
    /// Intel's e1000, known to every guest.
    E1000,
    /// Any other of libvirt's names.
    Other(String),
}

impl InterfaceModel {
    /// libvirt's word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Virtio => "virtio",
            Self::E1000 => "e1000",
            Self::Other(name) => name,
        }
    }
}

/// Whether checksums and segmentation may be left to whoever takes the packet from the tap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Offloads {
    /// As the two sides agree; right for the kernel's datapaths.
    #[default]
    Negotiated,
    /// Never: a userspace switch on the tap passes packets on with unfinished checksums, so that ICMP and DHCP work and
    /// all TCP dies. Only virtio has such offloads.
    Off,
}

/// The first serial port: a socket for whoever wants to type, and a file that keeps what was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serial {
    /// The unix socket that QEMU listens at; one client at a time. At most 107 bytes.
    pub socket: PathBuf,
    /// Where virtlogd appends all output, also across restarts of the domain (it keeps 2 MiB and three older files).
    pub log: Option<PathBuf>,
}

/// The screen by VNC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vnc {
    /// The unix socket that QEMU listens at; RFB without authentication. At most 107 bytes.
    pub socket: PathBuf,
}

/// The graphics card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Video {
    /// Standard VGA, seen by every guest.
    Vga,
    /// virtio.
    Virtio,
    /// Cirrus Logic, for old guests.
    Cirrus,
    /// None: no screen.
    None,
}

impl Video {
    /// libvirt's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vga => "vga",
            Self::Virtio => "virtio",
            Self::Cirrus => "cirrus",
            Self::None => "none",
        }
    }
}

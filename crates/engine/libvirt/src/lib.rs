//! libvirt, loaded at run time and spoken to from async code; domain XML; and a probe that tells whether hardware
//! virtualization really works. It knows nothing of who uses it.
//!
//! From the bottom up: the `binding` is the part of `libvirt.so.0` that we use, safe but blocking; [`Libvirt`] runs its
//! calls on a few threads, opens the connection again when libvirtd died, and passes on what happens to domains;
//! [`DomainConfig`] describes a domain and writes libvirt's XML, [`DomainDescription`] reads it back; [`probe`] boots
//! something under KVM, because `/dev/kvm` alone proves nothing.

mod binding;
mod config;
mod description;
mod error;
mod event;
mod handle;
mod host;
pub mod probe;
mod settings;
mod state;

pub use config::{
    Boot, CacheMode, Cdrom, ConfigError, Cpu, Disk, DiskBus, DiskFormat, DomainConfig, Interface, InterfaceModel,
    IoMode, Machine, Metadata, Offloads, OnLifecycle, SecurityLabel, Serial, Video, VirtType, Vnc,
};
pub use description::{DescriptionError, DiskDescription, DomainDescription, InterfaceDescription};
pub use error::{ErrorCode, ErrorDomain, LibvirtError};
pub use event::{Event, Lifecycle, LifecycleKind};
pub use handle::Libvirt;
pub use host::{HostCapabilities, NodeInfo, Versions};
pub use settings::{KeepAlive, Settings};
pub use state::{
    DomainInfo, DomainState, DomainStatus, DomainSummary, ListFilter, Screenshot, Stop, Undefine, XmlKind,
};

//! Checksum offload. On the userspace datapath a device that leaves checksums to "the hardware" sends packets whose
//! checksums nobody ever computes: ping works and TCP dies. Each restart of vswitchd makes its internal devices anew.

use std::{io, net::UdpSocket, os::fd::AsFd, path::Path};

use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl};

/// Switches transmit checksum offload of a device off, as `ethtool -K DEVICE tx off` does.
///
/// # Errors
/// Those of the system: there is no such device (`NotFound`, or raw error 19), or its driver cannot do so.
pub fn disable_tx(device: &str) -> io::Result<()> {
    ethtool(device, ETHTOOL_STXCSUM, 0).map(drop)
}

/// Whether a device leaves checksums of what it transmits to others, as `ethtool -k DEVICE` tells.
///
/// # Errors
/// As [`disable_tx`].
pub fn is_tx_enabled(device: &str) -> io::Result<bool> {
    Ok(ethtool(device, ETHTOOL_GTXCSUM, 0)? != 0)
}

fn ethtool(device: &str, command: u32, data: u32) -> io::Result<u32> {
    // Any socket of the network namespace will do.
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    let mut value = EthtoolValue { command, data };
    let request = Request::new(device, &mut value)?;
    #[allow(unsafe_code)]
    // SAFETY: SIOCETHTOOL (netdevice(7)) takes a `struct ifreq` whose data points to a `struct ethtool_value` for these
    // commands. `request` has that layout, and `value` outlives the call.
    let done = unsafe { ioctl(socket.as_fd(), request) };
    done.map_err(io::Error::from)?;
    Ok(value.data)
}

/// Whether a device is made by software, such as a veth, and no tap: a tap's offloads are those of who opened it.
pub(crate) fn is_virtual_link(device: &str) -> bool {
    let folder = Path::new("/sys/class/net").join(device);
    folder.exists() && !folder.join("device").exists() && !folder.join("tun_flags").exists()
}

/// Whether transmit checksumming is on (linux/ethtool.h).
const ETHTOOL_GTXCSUM: u32 = 0x16;
/// Sets it on or off.
const ETHTOOL_STXCSUM: u32 = 0x17;
/// linux/sockios.h
const SIOCETHTOOL: Opcode = 0x8946;

/// `struct ethtool_value`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// `struct ifreq`, 40 bytes on 64-bit machines.
#[repr(C)]
struct Request {
    name: [u8; 16],
    value: *mut EthtoolValue,
    rest: [u8; 16],
}

impl Request {
    fn new(device: &str, value: &mut EthtoolValue) -> io::Result<Self> {
        let mut name = [0; 16];
        // The last byte stays 0.
        match name[..15].get_mut(..device.len()) {
            Some(place) if !device.is_empty() => place.copy_from_slice(device.as_bytes()),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{device:?} is no device's name"))),
        }
        Ok(Self { name, value, rest: [0; 16] })
    }
}

#[allow(unsafe_code)]
// SAFETY: the opcode takes a pointer to this structure and gives nothing back but success.
unsafe impl Ioctl for Request {
    type Output = ();
    const IS_MUTATING: bool = true;
    fn opcode(&self) -> Opcode {
        SIOCETHTOOL
    }
    fn as_ptr(&mut self) -> *mut std::ffi::c_void {
        std::ptr::from_mut(self).cast()
    }
    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut std::ffi::c_void) -> rustix::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_asked_and_those_that_are_not_there_are_an_error() {
        // The loopback device always has it.
        assert!(is_tx_enabled("lo").unwrap());
        assert_eq!(disable_tx("no-such-device").unwrap_err().raw_os_error(), Some(19));
        for name in ["", "a-name-that-is-too-long"] {
            assert_eq!(disable_tx(name).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name}");
        }
    }
}

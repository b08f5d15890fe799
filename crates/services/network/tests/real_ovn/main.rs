//! The service on a real OVN: databases, northd, ovn-controller and Open vSwitch with the userspace datapath, in network
//! namespaces and directories of their own; guests are namespaces too, and what is shown is shown with packets.
//!
//! Needs root and Debian's `ovn-central ovn-host openvswitch-switch iproute2 ethtool`; without them the tests say why
//! they do nothing.

#![allow(clippy::unwrap_used, unreachable_pub, reason = "helpers of tests, too, may fail")]

#[path = "../support/api.rs"]
mod api;
mod corners;
mod dhcp;
mod engines;
mod guest;
mod pace;
mod packets;
mod security;
mod statuses;
mod survival;
mod words;
mod world;

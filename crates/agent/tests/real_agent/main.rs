//! The agent on real engines: libvirt, QEMU, Open vSwitch and OVN, each test in an isolated cloud of its own.
//!
//! A process of Ferrostack is this program started again with the name of a scene from `scenes/`: it enters the isolated
//! cloud, where engines and guests outlive it, so that it can be killed at any moment and another one finds what is left.
//! A thread cannot enter, hence the small harness in the place of libtest.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "nothing reaches into a test")]

mod cloud;
mod controller;
mod guest;
#[path = "../../../engine/daemons/tests/real_engines/harness.rs"]
mod harness;
mod ovn;
mod scenes;

use std::time::Duration;

use cloud::Cloud;

fn main() {
    match std::env::var("FSA_SCENE") {
        Ok(scene) => scenes::play(&scene),
        Err(_) => harness::run(&[
            ("real_guest_lives_and_leaves_nothing", life),
            ("real_guest_is_powered_as_wanted_and_otherwise_left_alone", power),
            ("real_guest_outlives_the_agent_and_is_found_again", found_again),
            ("real_agent_is_killed_at_any_point_and_nothing_is_leaked", killed),
            ("real_orphans_go_and_what_is_foreign_stays", orphans),
            ("real_engines_that_are_away_are_waited_for", away),
        ]),
    }
}

/// A guest boots, asks for its metadata and names, and goes through its whole life.
fn life() {
    let Some(cloud) = Cloud::new("life") else { return };
    println!("{}", cloud.play("guest_with_a_network"));
    cloud.remove();
}

/// A guest off the network: power and consoles.
fn power() {
    let Some(cloud) = Cloud::new("power") else { return };
    println!("{}", cloud.play("power_of_a_guest"));
    cloud.remove();
}

/// The agent is killed while a guest runs; the next one has it, with its ledger and without.
fn found_again() {
    let Some(cloud) = Cloud::new("adopt") else { return };
    cloud.play_until("guest_and_wait", "GUEST RUNS");
    cloud.play("guest_is_known");
    cloud.remove_kept("agent/ledger");
    cloud.play("guest_is_adopted");
    cloud.remove();
}

/// The agent is killed at any point of a creation and of a deletion; the next one leaves nothing behind.
fn killed() {
    let Some(cloud) = Cloud::new("killed") else { return };
    cloud.play("engines_only");
    for millis in [200, 350, 500, 650, 800, 950, 1100, 1300, 1600, 2000] {
        cloud.play_for("guest_and_wait", Duration::from_millis(millis));
        cloud.play_for("guest_is_dropped", Duration::from_millis(millis / 2));
        cloud.play("guest_is_dropped");
    }
    cloud.play_for("guest_and_wait", Duration::from_millis(900));
    cloud.play_until("guest_and_wait", "GUEST RUNS");
    cloud.play("guest_is_dropped");
    cloud.remove();
}

/// What belongs to no server goes, if it is ours.
fn orphans() {
    let Some(cloud) = Cloud::new("orphans") else { return };
    cloud.play("orphans_go");
    cloud.remove();
}

/// libvirtd and Open vSwitch die and come back.
fn away() {
    let Some(cloud) = Cloud::new("away") else { return };
    cloud.play("engines_die_and_come_back");
    cloud.remove();
}

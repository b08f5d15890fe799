//! Real engines, each test in an isolated cloud of its own.
//!
//! A thread cannot enter a mount namespace, and a test harness runs tests in threads. So this program has a small harness
//! of its own, and a test starts it again, once for each *process of Ferrostack* that it wants to see, with the name of a
//! scene from `scenes.rs`, which enters and plays. What a scene prints as `FACTS ...` is what its test looks at.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(unreachable_pub, reason = "nothing reaches into a test")]

mod cloud;
mod harness;
mod scenes;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use cloud::{Cloud, engines_are_installed, is_installed};

fn main() {
    match std::env::var("FST_SCENE") {
        Ok(scene) => scenes::play(&scene),
        Err(_) => harness::run(&[
            ("real_engines_start_are_adopted_stop_and_leave_nothing", life),
            ("real_engines_that_are_killed_are_started_again_and_what_broke_is_set_right", watched),
            ("real_start_that_is_cut_short_is_taken_up_by_the_next", cut_short),
            ("real_guests_outlive_their_engines", guests),
            ("real_foreign_bridge_and_taken_range_are_refused", refused),
            ("real_clouds_side_by_side_are_reached_at_the_address_given_outside", side_by_side),
        ]),
    }
}

/// From nothing; again with nothing changed; stopped; started again; purged.
fn life() {
    if !engines_are_installed() {
        return;
    }
    let cloud = Cloud::new("life");
    let first = cloud.play("ensure");
    println!("from nothing: {} ms", first.millis);
    println!("{}", first.table());
    assert_eq!(first.engines.len(), 8, "{first:?}");
    assert!(first.engines.iter().all(|engine| engine.healthy), "{first:?}");

    let again = cloud.play("ensure");
    println!("again: {} ms", again.millis);
    assert_eq!(again.pids(), first.pids(), "the same processes");
    assert_eq!(again.system_id, first.system_id);

    // Names and bindings of the namespaces get lost, engines live on in them.
    cloud.lose_network_name();
    assert_eq!(cloud.play("ensure").pids(), first.pids(), "found without the name");
    cloud.lose_mount_binding();
    assert_eq!(cloud.play("ensure").pids(), first.pids(), "found through another mount namespace");
    assert_eq!(cloud.play_from_inside("ensure").pids(), first.pids(), "from inside");

    let stopped = cloud.play("stop");
    assert!(stopped.engines.is_empty(), "{stopped:?}");
    assert_eq!(cloud.processes(), Vec::<String>::new());

    let back = cloud.play("ensure");
    println!("from stopped: {} ms", back.millis);
    assert!(back.engines.iter().all(|engine| engine.healthy), "{back:?}");
    assert_eq!(back.system_id, first.system_id);

    cloud.play("purge");
    assert_eq!(cloud.processes(), Vec::<String>::new());
    assert_eq!(cloud.kept("var/lib/ovn"), Vec::<String>::new());
    assert_eq!(cloud.kept("var/lib/openvswitch"), Vec::<String>::new());
    cloud.remove();
}

/// `kill -9` of each engine.
fn watched() {
    if !engines_are_installed() {
        return;
    }
    let cloud = Cloud::new("watch");
    let facts = cloud.play("watch");
    println!("{}", facts.table());
    cloud.remove();
}

/// A guest without a disk: it runs on when the engines are stopped, is found again, and goes with the cloud.
fn guests() {
    if !engines_are_installed() || !is_installed("virsh") || !is_installed("qemu-system-x86_64") {
        return;
    }
    let cloud = Cloud::new("guest");
    cloud.play("ensure");
    let facts = cloud.play("start_guest");
    println!("a second guest took {} ms", facts.millis);
    assert!(facts.millis < 20_000, "libvirt probes QEMU again and again");
    cloud.play("stop");
    assert_eq!(cloud.processes(), ["qemu-system-x86", "qemu-system-x86"]);
    cloud.play("ensure");
    cloud.play("find_guests");
    cloud.remove();
}

/// `kill -9` at any point of the start, as often as one likes, then a start that is let through.
fn cut_short() {
    if !engines_are_installed() {
        return;
    }
    let cloud = Cloud::new("cut");
    for millis in [5, 40, 80, 120, 160, 220, 300, 400, 550, 700] {
        cloud.play_for("ensure", Duration::from_millis(millis));
    }
    let facts = cloud.play("ensure");
    assert!(facts.engines.iter().all(|engine| engine.healthy), "{facts:?}");
    // Nothing was started twice. Each daemon of Open vSwitch and OVN has a monitor.
    let mut programs = cloud.processes();
    programs.sort();
    let mut expected = vec!["libvirtd", "ovn-controller", "ovn-northd", "ovs-vswitchd", "virtlogd"];
    expected.extend(["ovsdb-server"; 3]);
    expected.extend(["monitor"; 6]);
    expected.sort_unstable();
    assert_eq!(programs, expected);
    cloud.remove();
}

/// Each refusal names what is in the way.
fn refused() {
    if !engines_are_installed() {
        return;
    }
    let cloud = Cloud::new("refuse");
    cloud.play("refusals");
    cloud.remove();
}

/// Two clouds with the same addresses and the same bridges do not see each other.
fn side_by_side() {
    if !engines_are_installed() {
        return;
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let one = Cloud::new("side1").listening(free);
    let two = Cloud::new("side2");
    let (first, second) = (one.play("ensure"), two.play("ensure"));
    assert!(first.pids().iter().all(|pid| !second.pids().contains(pid)));

    let mut serving = one.start("serve");
    let ask = || {
        let mut stream = TcpStream::connect(free).ok()?;
        stream.write_all(b"x").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text).filter(|text| !text.is_empty())
    };
    let answer = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        ask()
    });
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert_eq!(answer.as_deref(), Some("outside"));
    two.remove();
    assert_eq!(one.play("ensure").pids(), first.pids(), "the other's removal is not ours");
    one.remove();
}

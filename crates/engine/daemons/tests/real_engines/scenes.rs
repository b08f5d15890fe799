//! What processes of Ferrostack do in a test; started by [`super::cloud::Cloud::start`].

use std::{
    fs,
    future::Future,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::AsFd,
    process::Command,
    time::Duration,
};

use ferrostack_base::Clock;
use ferrostack_daemons::{
    DaemonError, EngineHealth, EngineOptions, Engines, ExternalBridge, Running, StartBy,
    isolate::{self, IsolateOptions, Isolated},
    offload, purge, stop,
};
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{LinkNameSpaceType, move_into_link_name_space},
};

use crate::cloud::{EngineFact, Facts};

/// The host's place in the external network of all scenes.
const ADDRESS: &str = "172.24.4.1/24";

/// Plays the scene of that name.
pub fn play(scene: &str) {
    match scene {
        "ensure" => ensure(),
        "stop" => stop_all(),
        "purge" => purge_all(),
        "watch" => watch(),
        "refusals" => refusals(),
        "serve" => serve(),
        "start_guest" => start_guests(),
        "find_guests" => find_guests(),
        // By hand, after a test that was killed.
        "remove" => remove(),
        other => panic!("there is no scene {other}"),
    }
}

/// Enters the cloud and plays.
fn inside<F: Future<Output = Facts>>(play: impl FnOnce(Isolated, EngineOptions) -> F) {
    let name = std::env::var_os("FST_NAME").unwrap();
    let state_dir = std::env::var_os("FST_STATE_DIR").unwrap();
    let listen = std::env::var("FST_LISTEN").ok().map(|address| address.parse().unwrap());
    let options = IsolateOptions {
        state_dir: state_dir.clone().into(),
        name: name.into_string().unwrap(),
        hostname: None,
        listen: listen.into_iter().collect(),
    };
    let isolated = isolate::enter(&options).unwrap();
    let engines = EngineOptions {
        external: Some(ExternalBridge { addresses: vec![ADDRESS.parse().unwrap()], ..ExternalBridge::default() }),
        start_by: StartBy::Ourselves,
        ..EngineOptions::new(state_dir, isolated.hostname.clone())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{}", runtime.block_on(play(isolated, engines)).line());
}

fn facts(millis: i64, running: &Running, health: Vec<EngineHealth>) -> Facts {
    let engines = health.into_iter().map(|engine| EngineFact {
        name: engine.name.to_owned(),
        version: engine.version.to_string(),
        healthy: engine.healthy,
        pid: engine.pid,
        memory: engine.memory,
        reason: engine.reason,
    });
    Facts { millis, system_id: running.system_id().to_owned(), engines: engines.collect() }
}

fn told(error: &DaemonError) -> String {
    ferrostack_base::chain(error).to_string()
}

fn ensure() {
    inside(|_, options| async move {
        let clock = Clock::system();
        let begun = clock.now();
        let running = Engines::ensure(options).await.unwrap_or_else(|error| panic!("{}", told(&error)));
        let millis = clock.now().since(begun).as_millis().try_into().unwrap();
        println!("{:?} {:?}", running.datapath(), running.external());
        check_external(&running);
        facts(millis, &running, running.health().await)
    });
}

/// The host's place is there, up, and without offload.
fn check_external(running: &Running) {
    let name = &running.external().unwrap().bridge;
    let shown = Command::new("ip").args(["addr", "show", "dev", name]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains(&format!("inet {ADDRESS}")) && shown.contains("UP"), "{shown}");
    assert!(!offload::is_tx_enabled(name).unwrap());
}

/// A machine at the external bridge that answers on TCP: a network namespace at the end of a veth.
fn neighbour() {
    run("ip netns add neighbour");
    run("ip link add nb0 type veth peer name nb1 netns neighbour");
    run("ip link set nb0 up");
    run("ip -n neighbour addr add 172.24.4.9/24 dev nb1");
    run("ip -n neighbour link set nb1 up");
    run("ovs-vsctl add-port br-ex nb0");
    std::thread::spawn(|| {
        let namespace = fs::File::open("/run/netns/neighbour").unwrap();
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        offload::disable_tx("nb1").unwrap();
        for stream in TcpListener::bind("172.24.4.9:7").unwrap().incoming() {
            let mut stream = stream.unwrap();
            let mut byte = [0];
            let _ = stream.read_exact(&mut byte).and_then(|()| stream.write_all(&byte));
        }
    });
}

/// Whether TCP works to the neighbour; it does not where checksums are left to nobody.
fn tcp_works() -> bool {
    let patience = Duration::from_secs(2);
    (0..5).any(|_| {
        let talked = TcpStream::connect_timeout(&"172.24.4.9:7".parse().unwrap(), patience).and_then(|mut stream| {
            stream.set_read_timeout(Some(patience))?;
            stream.write_all(b"x")?;
            stream.read_exact(&mut [0])
        });
        talked.is_ok()
    })
}

fn stop_all() {
    inside(|_, options| async move {
        let stopped = stop(&options).await.unwrap();
        assert_eq!(stopped.len(), 8, "{stopped:?}");
        assert_eq!(stop(&options).await.unwrap(), Vec::<&str>::new());
        Facts::default()
    });
}

fn purge_all() {
    inside(|_, options| async move {
        purge(&options).await.unwrap_or_else(|error| panic!("{}", told(&error)));
        purge(&options).await.unwrap();
        assert!(!fs::exists("/proc/sys/net/ipv4/conf/br-ex").unwrap());
        assert!(!fs::exists("/proc/sys/net/ipv4/conf/br-int").unwrap());
        Facts::default()
    });
}

fn watch() {
    inside(|_, options| async move {
        let clock = Clock::system();
        let running = Engines::ensure(options).await.unwrap_or_else(|error| panic!("{}", told(&error)));
        let watching = tokio::spawn({
            let running = running.clone();
            async move { running.watch().await }
        });
        clock.sleep(Duration::from_millis(700)).await;
        neighbour();
        running.set_right().await.unwrap();
        assert!(tcp_works());
        let names: Vec<_> = running.health().await.iter().map(|engine| engine.name).collect();
        let mut switch_restarts = running.switch_restarts();
        for name in names {
            let of = async || running.health().await.into_iter().find(|engine| engine.name == name).unwrap();
            let old = of().await.pid.unwrap();
            let begun = clock.now();
            kill_process(Pid::from_raw(old).unwrap(), Signal::KILL).unwrap();
            loop {
                let now = of().await;
                if now.healthy && now.pid != Some(old) {
                    break;
                }
                assert!(clock.now().since(begun) < Duration::from_secs(20), "{name} does not come back: {now:?}");
                clock.sleep(Duration::from_millis(20)).await;
            }
            println!("{name} was back after {} ms", clock.now().since(begun).as_millis());
            if name == "ovs-vswitchd" {
                let waited = clock.timeout(Duration::from_secs(10), switch_restarts.changed()).await;
                waited.unwrap().unwrap();
                check_external(&running);
                assert!(tcp_works(), "after the restart");
            }
        }
        let health = running.health().await;
        assert!(health.iter().all(|engine| engine.healthy), "{health:#?}");
        // The switch waits for its database, which can't be started for a while; that holds nobody up.
        run("mount --bind /bin/false /usr/sbin/ovsdb-server");
        for engine in health.iter().filter(|engine| ["ovsdb-server", "ovs-vswitchd"].contains(&engine.name)) {
            kill_process(Pid::from_raw(engine.pid.unwrap()).unwrap(), Signal::KILL).unwrap();
        }
        clock.sleep(Duration::from_secs(3)).await;
        run("umount /usr/sbin/ovsdb-server");
        let begun = clock.now();
        while !running.health().await.iter().all(|engine| engine.healthy) {
            assert!(clock.now().since(begun) < Duration::from_secs(30), "{:#?}", running.health().await);
            clock.sleep(Duration::from_millis(100)).await;
        }
        println!("the switch and its database were back after {} ms", clock.now().since(begun).as_millis());
        let health = running.health().await;
        // What somebody takes away from the external bridge comes back, too.
        for meddling in ["ip addr flush dev br-ex", "ovs-vsctl del-br br-ex"] {
            run(meddling);
            let begun = clock.now();
            let shown = || Command::new("ip").args(["addr", "show", "dev", "br-ex"]).output().unwrap().stdout;
            while !String::from_utf8_lossy(&shown()).contains(&format!("inet {ADDRESS}")) {
                assert!(clock.now().since(begun) < Duration::from_secs(30), "{meddling}: not set right");
                clock.sleep(Duration::from_millis(100)).await;
            }
            clock.sleep(Duration::from_millis(500)).await;
            check_external(&running);
        }
        watching.abort();
        facts(0, &running, health)
    });
}

/// Runs a command that prepares or looks at something.
fn run(line: &str) -> String {
    let mut words = line.split(' ');
    let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refusals() {
    inside(|_, options| async move {
        let refused = async |options: EngineOptions| told(&Engines::ensure(options).await.err().unwrap());

        run("ip addr add 172.24.4.77/28 dev lo");
        let text = refused(options.clone()).await;
        assert!(text.contains("172.24.4.1/24") && text.contains("the address 172.24.4.77/28 of lo"), "{text}");
        run("ip addr del 172.24.4.77/28 dev lo");
        run("ip route add 172.24.0.0/16 dev lo");
        let text = refused(options.clone()).await;
        assert!(text.contains("the route to 172.24.0.0/16 by lo"), "{text}");
        run("ip route del 172.24.0.0/16 dev lo");

        // An operator's own Open vSwitch: the same database without our marks.
        let running = Engines::ensure(options.clone()).await.unwrap_or_else(|error| panic!("{}", told(&error)));
        run("ovs-vsctl remove bridge br-int external_ids ferrostack-mark");
        run("ovs-vsctl remove Open_vSwitch . external_ids ferrostack-mark");
        run("ovs-vsctl add-port br-int theirs -- set interface theirs type=internal");
        let text = refused(options.clone()).await;
        assert!(text.contains("the bridge br-int is not ours: it has ports that we did not make (theirs)"), "{text}");
        assert!(text.contains("ovs-vsctl del-br br-int"), "{text}");
        run("ovs-vsctl del-port theirs");
        run("ovs-vsctl set Open_vSwitch . external_ids:ovn-remote=ssl:192.0.2.9:6642");
        let text = refused(options.clone()).await;
        assert!(text.contains("ssl:192.0.2.9:6642"), "{text}");
        // Set free again, it is taken.
        run("ovs-vsctl remove Open_vSwitch . external_ids ovn-remote");
        Engines::ensure(options.clone()).await.unwrap_or_else(|error| panic!("{}", told(&error)));

        // An engine that cannot start: its database is none.
        stop(&options).await.unwrap();
        let database = fs::read("/var/lib/ovn/ovnnb_db.db").unwrap();
        fs::write("/var/lib/ovn/ovnnb_db.db", "this is no database\n").unwrap();
        let text = refused(options.clone()).await;
        println!("{text}");
        assert!(text.contains("ovsdb-server-nb cannot use its database /var/lib/ovn/ovnnb_db.db"), "{text}");
        fs::write("/var/lib/ovn/ovnnb_db.db", database).unwrap();
        let again = Engines::ensure(options).await.unwrap_or_else(|error| panic!("{}", told(&error)));
        assert_eq!(again.system_id(), running.system_id());
        facts(0, &again, again.health().await)
    });
}

/// Starts two guests; the time is that of the second, for which libvirt knows its QEMU.
fn start_guests() {
    inside(|_, _| async move {
        let clock = Clock::system();
        let mut begun = clock.now();
        for name in ["one", "two"] {
            let xml = format!(
                "<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory><os><type machine='pc'>hvm</type></os>\
                 <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices></domain>"
            );
            let file = format!("/run/libvirt/{name}.xml");
            fs::write(&file, xml).unwrap();
            begun = clock.now();
            run(&format!("virsh -c qemu:///system create {file}"));
        }
        Facts { millis: clock.now().since(begun).as_millis().try_into().unwrap(), ..Facts::default() }
    });
}

fn find_guests() {
    inside(|_, _| async move {
        for name in ["one", "two"] {
            assert_eq!(run(&format!("virsh -c qemu:///system domstate {name}")).trim(), "running");
        }
        Facts::default()
    });
}

fn remove() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (state_dir, name) = (std::env::var("FST_STATE_DIR").unwrap(), std::env::var("FST_NAME").unwrap());
    runtime.block_on(isolate::remove(&Clock::system(), state_dir.as_ref(), &name)).unwrap();
}

/// Answers with where a client came in.
fn serve() {
    inside(|isolated, _| async move {
        let outside = &isolated.listeners[0];
        let address = outside.local_addr().unwrap();
        let within = TcpListener::bind(address).expect("the address is free inside");
        let answer = |listener: TcpListener, word: &'static str| {
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let mut stream = stream.unwrap();
                    let _ = stream.read(&mut [0]);
                    let _ = stream.write_all(word.as_bytes());
                }
            })
        };
        let inner = answer(within, "inside");
        let mut stream = TcpStream::connect(address).expect("lo is up");
        stream.write_all(b"x").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "inside");
        outside.set_nonblocking(false).unwrap();
        let outer = answer(outside.try_clone().unwrap(), "outside");
        inner.join().unwrap();
        outer.join().unwrap();
        Facts::default()
    });
}

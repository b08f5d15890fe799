//! Entering an isolated cloud.

use std::{
    env, fs,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use rustix::{
    mount::{MountFlags, MountPropagationFlags, mount},
    process::geteuid,
    system::sethostname,
    thread::{LinkNameSpaceType, UnshareFlags},
};

use super::{IsolateOptions, Isolated, NETWORK_NAMESPACES, Places, check_name, claim::Claim, folders, namespace};
use crate::{DaemonError, program};

/// Moves this process into the namespaces of an isolated cloud, which are made when they are not there.
///
/// Must be called before any thread is started. The working folder stays.
///
/// # Errors
/// [`DaemonError::NotRoot`], [`DaemonError::Threads`], [`DaemonError::Option`] for a wrong name or a state folder inside
/// of a private one, [`DaemonError::Listen`], [`DaemonError::ForeignNamespace`], [`DaemonError::Namespace`]. The process
/// should end then: it may be half way.
pub fn enter(options: &IsolateOptions) -> Result<Isolated, DaemonError> {
    if !geteuid().is_root() {
        return Err(DaemonError::NotRoot);
    }
    namespace::assert_single_threaded()?;
    check_name(&options.name)?;
    fs::create_dir_all(&options.state_dir).map_err(DaemonError::file("create", &options.state_dir))?;
    let state_dir = options.state_dir.canonicalize().map_err(DaemonError::file("read", &options.state_dir))?;
    if let Some(place) = folders::private().find(|place| state_dir.starts_with(place)) {
        let reason = format!("lies in {place}, which is private to each isolated cloud; choose another folder");
        return Err(DaemonError::Option { option: "state_dir", value: state_dir.display().to_string(), reason });
    }
    let listeners = options.listen.iter().map(|address| listen(*address)).collect::<Result<_, _>>()?;
    let places = Places::new(&state_dir, &options.name);
    let hostname = options.hostname.clone().unwrap_or_else(|| options.name.clone());
    let host_uuid = folders::make(&places, &hostname)?;
    let inside =
        |found| Isolated { name: options.name.clone(), listeners, hostname: hostname.clone(), host_uuid, found };
    if Claim::read(&places.claim)?.is_some_and(|claim| claim.is_of_own(&places)) {
        // Started by a command from inside.
        return Ok(inside(true));
    }
    let working_folder = env::current_dir();

    enter_network(&places, &options.name)?;
    let found = enter_mounts(&places)?;
    if let Ok(folder) = working_folder {
        // It is a luxury; one that was removed meanwhile cannot be returned to.
        let _ = env::set_current_dir(folder);
    }
    namespace::leave_for_new(UnshareFlags::NEWUTS)?;
    sethostname(hostname.as_bytes()).map_err(DaemonError::namespace(format!("set the host name {hostname}")))?;
    loopback_up()?;
    Ok(inside(found))
}

fn listen(address: SocketAddr) -> Result<TcpListener, DaemonError> {
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|source| DaemonError::Listen { address, source })
}

/// Enters the network namespace of the cloud, as `ip netns add` and `ip netns exec` do.
fn enter_network(places: &Places, name: &str) -> Result<(), DaemonError> {
    let claim = Claim::read(&places.claim)?;
    if namespace::is_kept(&places.network) {
        if claim.is_none() {
            return Err(DaemonError::ForeignNamespace { name: name.to_owned() });
        }
        let file = fs::File::open(&places.network).map_err(DaemonError::file("open", &places.network))?;
        return namespace::enter(&file, LinkNameSpaceType::Network);
    }
    let folder = Path::new(NETWORK_NAMESPACES);
    if !namespace::is_mounted(folder) {
        namespace::bind(folder, folder)?;
    }
    // Names made here shall be seen in all mount namespaces that have this folder.
    namespace::spread(folder, MountPropagationFlags::SHARED | MountPropagationFlags::REC)?;
    if let Some((_, member)) = claim.and_then(|claim| claim.nameless(places)) {
        // Somebody took the name away (`ip netns del`), but engines and guests still live in there.
        let file = PathBuf::from(format!("/proc/{member}/ns/net"));
        namespace::keep(&file, &places.network)?;
        let file = fs::File::open(&places.network).map_err(DaemonError::file("open", &places.network))?;
        return namespace::enter(&file, LinkNameSpaceType::Network);
    }
    // Before the namespace gets its name: who finds one without a claim knows that it is somebody else's.
    Claim::now(None)?.write(&places.claim)?;
    namespace::leave_for_new(UnshareFlags::NEWNET)?;
    let own = Path::new("/proc/self/ns/net");
    Claim::now(namespace::number_of_own("net"))?.write(&places.claim)?;
    namespace::keep(own, &places.network)
}

/// Enters the mount namespace of the cloud. Whether it was there.
fn enter_mounts(places: &Places) -> Result<bool, DaemonError> {
    if namespace::is_kept(&places.mount) {
        let file = fs::File::open(&places.mount).map_err(DaemonError::file("open", &places.mount))?;
        namespace::enter(&file, LinkNameSpaceType::Mount)?;
        // One made by an earlier version may lack some.
        cover(places)?;
        return Ok(true);
    }
    fs::create_dir_all(&places.namespaces).map_err(DaemonError::file("create", &places.namespaces))?;
    if !namespace::is_mounted(&places.namespaces) {
        namespace::bind(&places.namespaces, &places.namespaces)?;
    }
    namespace::spread(&places.namespaces, MountPropagationFlags::PRIVATE)?;
    forget_names(places)?;

    let outside = namespace::open_own("mnt")?;
    namespace::leave_for_new(UnshareFlags::NEWNS)?;
    // What the host mounts later shall be seen inside, and nothing of ours outside.
    namespace::spread(Path::new("/"), MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    cover(places)?;
    replace_sysfs()?;
    let inside = namespace::open_own("mnt")?;
    namespace::enter(&outside, LinkNameSpaceType::Mount)?;
    let own = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&inside));
    namespace::keep(Path::new(&own), &places.mount)?;
    namespace::enter(&inside, LinkNameSpaceType::Mount)?;
    Ok(false)
}

/// Lays what is private over the standard places.
fn cover(places: &Places) -> Result<(), DaemonError> {
    for standard in folders::private().chain([folders::HOSTS]) {
        let source = folders::kept_at(places, standard);
        let target = Path::new(standard);
        if folders::is_same(&source, target) {
            continue;
        }
        namespace::bind(&source, target)?;
        namespace::spread(target, MountPropagationFlags::PRIVATE)?;
    }
    Ok(())
}

/// Shows the devices of this network namespace in `/sys/class/net`; the old view has those of the host. It is taken away,
/// not covered: libvirt finds control groups by the list of mounts, where covered ones still stand. They are not mounted
/// again, see the head of the module.
fn replace_sysfs() -> Result<(), DaemonError> {
    namespace::unmount_all(Path::new("/sys"));
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("sysfs", "/sys", "sysfs", flags, None).map_err(DaemonError::namespace("mount /sys"))?;
    namespace::spread(Path::new("/sys"), MountPropagationFlags::PRIVATE)
}

/// Names of network namespaces that were mounted in a mount namespace that is gone are empty files now.
fn forget_names(places: &Places) -> Result<(), DaemonError> {
    let folder = folders::kept_at(places, NETWORK_NAMESPACES);
    for entry in fs::read_dir(&folder).map_err(DaemonError::file("read", &folder))?.flatten() {
        fs::remove_file(entry.path()).map_err(DaemonError::file("remove", entry.path()))?;
    }
    Ok(())
}

fn loopback_up() -> Result<(), DaemonError> {
    let failed = |reason: String| DaemonError::Command { command: "ip link set lo up".to_owned(), reason };
    let ip = program::find("ip").ok_or(DaemonError::Missing { program: "ip".to_owned(), package: "iproute2" })?;
    let output =
        Command::new(ip).args(["link", "set", "lo", "up"]).output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

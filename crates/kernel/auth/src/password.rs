//! Password hashes: bcrypt, as Keystone stores them.
//!
//! A hash takes a quarter of a second of processor time on purpose, so hashes are computed on a few threads of their
//! own, of low priority, and only so many may wait: a flood of logins slows logins and nothing else.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use crate::AuthError;

/// bcrypt looks at no more of a password; Keystone cuts longer ones the same way.
const MAX_PASSWORD: usize = 72;

/// How much nicer than the rest of the process the hashing threads are (`nice(1)`).
const NICENESS: i32 = 10;

/// How passwords are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HasherSettings {
    /// bcrypt's cost: 2 to the power of this many rounds, 4 to 31. Each step doubles the time of a login.
    pub rounds: u32,
    /// How many hashes are computed at once; at least one.
    pub threads: usize,
    /// How many may wait for a thread before further ones are refused; at least one.
    pub queue: usize,
}

impl Default for HasherSettings {
    /// Keystone's 12 rounds; as many threads as processors: they are so nice that requests do not notice them.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { rounds: 12, threads: processors, queue: 64 }
    }
}

/// Hashes and compares passwords. Clones share the threads, which end with the last of them.
#[derive(Debug, Clone)]
pub struct Hasher {
    jobs: SyncSender<Job>,
    settings: HasherSettings,
    /// Stands in for the hash of a user who does not exist.
    dummy: Arc<str>,
}

#[derive(Debug)]
enum Job {
    Hash { password: Vec<u8>, rounds: u32, reply: oneshot::Sender<Result<String, AuthError>> },
    Verify { password: Vec<u8>, hash: Arc<str>, reply: oneshot::Sender<Result<bool, AuthError>> },
}

impl Job {
    /// A caller that went away wants no answer.
    fn run(self) {
        let bcrypt = |source| AuthError::Bcrypt { source };
        match self {
            Self::Hash { password, rounds, reply } if !reply.is_closed() => {
                let _ = reply.send(bcrypt::hash(password, rounds).map_err(bcrypt));
            }
            Self::Verify { password, hash, reply } if !reply.is_closed() => {
                let _ = reply.send(bcrypt::verify(password, &hash).map_err(bcrypt));
            }
            Self::Hash { .. } | Self::Verify { .. } => {}
        }
    }
}

impl Hasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// Rounds outside 4 to 31; or a thread cannot be started.
    pub fn new(settings: HasherSettings) -> Result<Self, AuthError> {
        if !(4..=31).contains(&settings.rounds) {
            return Err(AuthError::Bcrypt { source: bcrypt::BcryptError::CostNotAllowed(settings.rounds) });
        }
        let settings = HasherSettings { threads: settings.threads.max(1), queue: settings.queue.max(1), ..settings };
        let (jobs, waiting) = sync_channel(settings.queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..settings.threads {
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name(format!("password-{number}"));
            thread.spawn(move || work(&waiting)).map_err(|_| AuthError::HasherStopped)?;
        }
        // No password has this hash, but to find that out takes as long as for any other of these rounds.
        let dummy = format!("$2b${:02}${}", settings.rounds, ".".repeat(53)).into();
        Ok(Self { jobs, settings, dummy })
    }

    /// The settings in force.
    pub fn settings(&self) -> HasherSettings {
        self.settings
    }

    /// The hash of a new password, as `$2b$ROUNDS$...` with a fresh salt.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many are waiting.
    pub async fn hash(&self, password: &str) -> Result<String, AuthError> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Job::Hash { password: cut(password), rounds: self.settings.rounds, reply })?;
        answer.await.unwrap_or(Err(AuthError::HasherStopped))
    }

    /// Whether `hash` is that of `password`. Without a hash (an unknown user, a user without a password) the answer is
    /// no, and takes as long, so that the time does not tell who exists.
    ///
    /// # Errors
    /// [`AuthError::Busy`] when too many are waiting; [`AuthError::Bcrypt`] when `hash` is none of bcrypt.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, AuthError> {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        let (reply, answer) = oneshot::channel();
        self.enqueue(Job::Verify { password: cut(password), hash, reply })?;
        let same = answer.await.unwrap_or(Err(AuthError::HasherStopped))?;
        Ok(same && known)
    }

    fn enqueue(&self, job: Job) -> Result<(), AuthError> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => AuthError::Busy { queue: self.settings.queue },
            TrySendError::Disconnected(_) => AuthError::HasherStopped,
        })
    }
}

fn cut(password: &str) -> Vec<u8> {
    let bytes = password.as_bytes();
    bytes[..bytes.len().min(MAX_PASSWORD)].to_vec()
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    // On Linux this is the thread's own priority. Where it is refused, hashing works all the same.
    let _ = rustix::process::setpriority_process(None, NICENESS);
    loop {
        // Only one thread waits for the next job; the others wait for their turn to.
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job.run(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(queue: usize) -> Hasher {
        Hasher::new(HasherSettings { rounds: 4, threads: 1, queue }).unwrap()
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let hasher = hasher(8);
        let hash = hasher.hash("pä55").await.unwrap();
        assert!(hash.starts_with("$2b$04$") && hash.len() == 60, "{hash}");
        assert_ne!(hasher.hash("pä55").await.unwrap(), hash, "the salt is fresh");
        assert!(hasher.verify("pä55", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("pa55", Some(&hash)).await.unwrap());
        assert!(!hasher.verify("", Some(&hash)).await.unwrap());
    }

    /// Made by Python's bcrypt 5, the second of 72 times `x`.
    #[tokio::test]
    async fn hashes_of_keystone_are_understood() {
        let hasher = hasher(8);
        let secret = "$2b$04$esm/JrXJ25RrdhhSjthY3.aTX58h4kW5oJU6oYvmoYrBWDHOT8UQS";
        assert!(hasher.verify("secret", Some(secret)).await.unwrap());
        let long = "$2b$04$C/iZ0xqOk1aLE3/4K5fIZ.PYwO6WZcrg0n8Gr0MBh9B1gehOsGUO2";
        assert!(hasher.verify(&"x".repeat(72), Some(long)).await.unwrap());
        assert!(hasher.verify(&"x".repeat(100), Some(long)).await.unwrap(), "the rest is cut off");
        assert!(!hasher.verify(&"x".repeat(71), Some(long)).await.unwrap());
    }

    #[tokio::test]
    async fn an_unknown_user_has_no_password() {
        let hasher = hasher(8);
        for password in ["", ".", "secret"] {
            assert!(!hasher.verify(password, None).await.unwrap());
        }
        assert!(bcrypt::verify("x", &hasher.dummy).is_ok(), "the stand-in must be a hash, or it would take no time");
    }

    #[tokio::test]
    async fn what_is_no_hash_is_told() {
        assert!(matches!(hasher(8).verify("x", Some("plain")).await, Err(AuthError::Bcrypt { .. })));
    }

    #[test]
    fn rounds_have_their_bounds() {
        for rounds in [3, 32] {
            assert!(Hasher::new(HasherSettings { rounds, threads: 1, queue: 1 }).is_err(), "{rounds}");
        }
    }

    #[tokio::test]
    async fn too_many_at_once_are_refused_and_the_rest_answered() {
        let settings = HasherSettings { rounds: 8, threads: 1, queue: 1 };
        let hasher = Hasher::new(settings).unwrap();
        let (a, b, c, d) = tokio::join!(hasher.hash("a"), hasher.hash("b"), hasher.hash("c"), hasher.hash("d"));
        let results = [a, b, c, d];
        assert!(results.iter().any(|result| matches!(result, Err(AuthError::Busy { queue: 1 }))));
        assert!(results.iter().any(Result::is_ok));
        assert!(hasher.hash("later").await.is_ok());
    }

    #[tokio::test]
    async fn the_threads_end_with_the_last_clone() {
        let hasher = hasher(1);
        let clone = hasher.clone();
        drop(hasher);
        assert!(clone.hash("x").await.is_ok());
        let Hasher { jobs, .. } = clone;
        let (reply, answer) = oneshot::channel();
        jobs.try_send(Job::Hash { password: Vec::new(), rounds: 4, reply }).unwrap();
        drop(jobs);
        assert!(answer.await.unwrap().is_ok(), "what was accepted is still answered");
    }
}

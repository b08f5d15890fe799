//! What processes of Ferrostack do in a test. Each scene is run alone, by [`super::cloud::Cloud`].

mod away;
mod life;
mod orphans;
mod power;
mod restart;

use std::future::Future;

use ferrostack_daemons::{
    EngineOptions, Engines, Running, StartBy,
    isolate::{self, IsolateOptions},
};

/// Plays the scene of that name.
pub fn play(scene: &str) {
    match scene {
        "engines_die_and_come_back" => away::engines_die_and_come_back(),
        "guest_with_a_network" => life::guest_with_a_network(),
        "power_of_a_guest" => power::power_of_a_guest(),
        "engines_only" => restart::engines_only(),
        "guest_and_wait" => restart::guest_and_wait(),
        "guest_is_adopted" => restart::guest_is_adopted(),
        "guest_is_dropped" => restart::guest_is_dropped(),
        "guest_is_known" => restart::guest_is_known(),
        "orphans_go" => orphans::orphans_go(),
        other => panic!("there is no scene {other}"),
    }
}

/// Enters the cloud, finds or starts its engines, and plays.
fn inside<F: Future<Output = ()>>(play: impl FnOnce(Running) -> F) {
    let name = std::env::var_os("FSA_NAME").unwrap();
    let state_dir = std::env::var_os("FSA_STATE_DIR").unwrap();
    let options = IsolateOptions {
        state_dir: state_dir.clone().into(),
        name: name.into_string().unwrap(),
        hostname: None,
        listen: Vec::new(),
    };
    let isolated = isolate::enter(&options).unwrap();
    let engines =
        EngineOptions { start_by: StartBy::Ourselves, ..EngineOptions::new(state_dir, isolated.hostname.clone()) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let running =
            Engines::ensure(engines).await.unwrap_or_else(|error| panic!("{}", ferrostack_base::chain(&error)));
        play(running).await;
    });
    println!("SCENE PLAYED");
}

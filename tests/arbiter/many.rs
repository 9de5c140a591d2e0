//! Many applications under one arbiter.

use std::collections::BTreeSet;

use pulsar_tests::{until, wire::Client};

use crate::support::{Setup, effort, proc};

const APPLICATIONS: usize = 64;

/// 40.
#[test]
fn sixty_four_applications_start_serve_and_stop() {
    let workers = effort("PULSAR_TEST_APPLICATION_WORKERS", 1);
    let mut arguments = vec!["--graceful-timeout".to_owned(), "10".into()];
    for number in 0..APPLICATIONS {
        let flag = if number == 0 { "--workers".to_owned() } else { format!("--app{number}-workers") };
        arguments.extend([flag, workers.to_string()]);
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let instance = Setup::example("many_apps", &arguments).addresses(APPLICATIONS).start();
    let all = APPLICATIONS * usize::try_from(workers).expect("it is small");
    until("all are ready", || instance.info().apps.iter().map(|app| app.ready().len()).sum::<usize>() == all);
    let ports: BTreeSet<_> = (0..APPLICATIONS).map(|number| instance.running().tcp(number)).collect();
    assert_eq!(ports.len(), APPLICATIONS);
    // The lines come in the order in which applications become ready, so the answers are compared as a set.
    let answers: BTreeSet<_> =
        ports.iter().map(|address| Client::tcp(*address).get("/").text().to_owned()).collect();
    assert_eq!(answers.len(), APPLICATIONS, "each address leads to another application");
    // A worker has the sockets of its own application only.
    let info = instance.info();
    for app in &info.apps {
        for pid in app.ready() {
            assert_eq!(proc::listening(pid).len(), 1, "{}: {:?}", app.name, proc::files(pid));
        }
    }
    instance.stop().assert_calm();
}

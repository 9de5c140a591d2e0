//! Registrations that have no effect, over the whole program.

use super::program::Program;
use crate::{
    finding::{Finding, Kind, Spot},
    registry::{Registry, Route},
};

/// What is registered and not mounted, scopes of nothing, modules that are taken twice or have nothing.
pub(super) fn of(program: &Program, registry: &Registry) -> Vec<Finding> {
    let mut found = not_mounted(program, registry);
    let used = |scope: &Spot| {
        let of_routes = registry.routes.iter().map(|(_, used)| used);
        let of_apps = registry.wsgi_apps.iter().map(|(_, used)| used);
        let of_files = registry.static_files.iter().map(|(_, used)| used);
        let mut used = of_routes.chain(of_apps).chain(of_files).flatten();
        used.any(|used| Spot::new(used.place) == *scope)
    };
    for scope in &registry.scopes {
        let spot = Spot::new(scope.place);
        if !used(&spot) {
            let message = format!("the scope \"{}\" applies to no route", scope.prefix);
            let help = "a scope holds for the module that it stands in and those below; move it or remove it";
            found.push(Finding::new(Kind::UnusedScope, message).help(help).at(spot));
        }
    }
    found.extend(modules(program, registry));
    found
}

/// A finding for each crate that is linked and not named, with everything that it registers.
fn not_mounted(program: &Program, registry: &Registry) -> Vec<Finding> {
    let finding = |(name, spots): (&&str, &Vec<Spot>)| {
        let routes = if spots.len() == 1 { "a route that is" } else { "routes that are" };
        let routes = if spots.len() == 1 { routes.to_owned() } else { format!("{} {routes}", spots.len()) };
        // The crate of the program is always mounted, and not in the list.
        let mut crates: Vec<&str> = program.crates.iter().skip(1).map(String::as_str).collect();
        crates.push(name);
        let help = format!("write `crates: [{}]` in `main!` if they should be", crates.join(", "));
        let message = format!("the crate `{name}` registers {routes} not mounted");
        Finding::new(Kind::NotMounted, message).help(help).at_all(spots.iter().cloned())
    };
    registry.unmounted.iter().map(finding).collect()
}

fn modules(program: &Program, registry: &Registry) -> Vec<Finding> {
    let mut found = Vec::new();
    let taken: Vec<_> = program
        .apps()
        .flat_map(|app| app.modules.iter().map(move |(module, source)| (app, module, *source)))
        .collect();
    for (at, &(app, module, source)) in taken.iter().enumerate() {
        let text = |name: &str| format!("app {name}");
        if let Some((first, _, first_source)) = taken[..at].iter().find(|(_, other, _)| *other == module) {
            let message =
                format!("the routes of `{module}` are asked for by `{}` and by `{}`", first.name, app.name);
            let help = format!("`{}` has them; take them from one of the two", first.name);
            let finding = Finding::new(Kind::TwiceTakenModule, message).help(help);
            let finding = finding.at(Spot::new(*first_source).text(text(&first.name)));
            found.push(finding.at(Spot::new(source).text(text(&app.name))));
            continue;
        }
        let routes = registry.routes().map(Route::place);
        let callables = registry.wsgi_apps.iter().map(|(callable, _)| callable.place());
        let files = registry.static_files.iter().map(|(files, _)| files.place());
        let is_empty = !routes.chain(callables).chain(files).any(|place| place.is_within(module));
        // An application that has nothing at all is told so.
        if is_empty && !(app.router.is_empty() && app.callable.is_none() && app.modules.len() == 1) {
            let message =
                format!("the application `{}` takes the routes of `{module}`, which has none", app.name);
            let finding =
                Finding::new(Kind::UnusedModule, message).help("name another module, or leave it out");
            found.push(finding.at(Spot::new(source).text(text(&app.name))));
        }
    }
    found
}

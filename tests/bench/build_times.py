#!/usr/bin/env python3
"""How long an application of 200 routes takes to build, and how large it is: pulsar, axum, actix-web and Rocket.

Writes the same application for each into `target/build-times/`: ten modules, each with ten GET routes that take a path value and a
query, and ten POST routes that take and give JSON. Every application has a lock file and a target folder of its own, and the profiles
that cargo has by default. Each is started and has to answer two requests as the others do. Then, one framework after the other in each
round, as medians of seconds until it is done and of seconds of processor time of cargo with all that it starts:

* clean: `cargo build` into an empty folder; what has to be fetched is there before;
* incremental: `cargo build` after a line was added to the body of one handler;
* check: `cargo check` after such an edit;
* size: of the program as `cargo build` makes it, with `--release`, and that one without its symbols.

    python3 tests/bench/build_times.py [--quick] [--write] [--rounds N] [--edits N] [--only NAME ..] [--skip clean|edits|release ..]

`pulsar` is what a registry would give: `cargo package` of this repository as it is. `--write` puts the tables into
docs/build-times.md. Needs a network for what is not fetched yet. Takes about 20 minutes on two processors, with `--quick` 8.
"""

import argparse
import datetime
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request

REPOSITORY = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
FOLDER = os.path.join(REPOSITORY, "target", "build-times")
DOCUMENT = os.path.join(REPOSITORY, "docs", "build-times.md")
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"

MODULES = 10
ROUTES = 10  # of each kind in a module
EDITED = (4, 5)  # the module, and its GET route, that are edited
MARK = "    // Edits stand below.\n"

# What the handlers do is the same for all; how they get and give it is not.
STRUCTS = """\
#[derive({query})]
pub struct Filter {{
    page: u32,
    per_page: u32,
    search: Option<String>,
}}

#[derive(Serialize)]
pub struct Item {{
    id: u64,
    name: String,
    offset: u64,
}}

#[derive(Deserialize)]
pub struct Line {{
    sku: String,
    quantity: u32,
    price: f64,
}}

#[derive(Deserialize)]
pub struct Order {{
    id: u64,
    customer: String,
    items: Vec<Line>,
    note: Option<String>,
}}

#[derive(Serialize)]
pub struct Receipt {{
    id: u64,
    customer: String,
    lines: usize,
    total: f64,
    note: Option<String>,
}}
"""
ITEM = """\
    let offset = u64::from(filter.page) * u64::from(filter.per_page);
%s    let name = format!("item {number} {{}}", filter.search.as_deref().unwrap_or("-"));
    {json}(Item {{ id, name, offset }})
""" % MARK
RECEIPT = """\
    let lines = order.items.iter().filter(|line| !line.sku.is_empty()).count();
    let total = order.items.iter().map(|line| f64::from(line.quantity) * line.price).sum();
    {json}(Receipt {{ id: order.id + {number}, customer: order.customer.clone(), lines, total, note: order.note.clone() }})
"""


class Framework:
    """One that is measured. Texts have the names of `str.format`: `module`, `number`, `json`."""

    query = "Deserialize"
    json = "Json"
    shared = ("serde",)  # whose versions are named in the table, beside the framework's own
    edition = "2024"

    def module(self, module):
        names = {"module": module, "json": self.json}
        text = self.uses + "\n" + STRUCTS.format(query=self.query)
        for number in range(ROUTES):
            text += "\n" + self.get.format(number=number, **names) + ITEM.format(number=number, **names) + "}\n"
            text += "\n" + self.post.format(number=number, **names) + RECEIPT.format(number=number, **names) + "}\n"
        return text + self.after(module)

    def after(self, module):
        return ""

    def lists(self, line, separator="\n"):
        return separator.join(line(number) for number in range(ROUTES))

    def environment(self, port):
        return {"PORT": str(port)}

    def arguments(self, port):
        return []


class Pulsar(Framework):
    def __init__(self, name, dependency):
        self.name, self.crate, self.own = name, "pulsar", True
        self.dependencies = f'pulsar = {{ version = "{version_of_pulsar()}"{dependency} }}\n'

    uses = "use pulsar::{Json, Query, get, post};\nuse serde::{Deserialize, Serialize};\n"
    get = '#[get("/m{module}/items{number}/<int:id>")]\nasync fn item_{number}(id: u64, filter: Query<Filter>) -> Json<Item> {{\n'
    post = '#[post("/m{module}/orders{number}")]\nasync fn order_{number}(order: Json<Order>) -> Json<Receipt> {{\n'

    def main(self):
        return "".join(f"mod m{module};\n" for module in range(MODULES)) + "\npulsar::main!();\n"

    def arguments(self, port):
        return ["-b", f"127.0.0.1:{port}", "--workers", "1", "--control-socket", "off"]


class Axum(Framework):
    name = crate = "axum"
    own = False
    dependencies = 'axum = "0.8"\ntokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }\n'
    uses = "use axum::{\n    Json, Router,\n    extract::{Path, Query},\n    routing::{get, post},\n};\nuse serde::{Deserialize, Serialize};\n"
    get = "async fn item_{number}(Path(id): Path<u64>, Query(filter): Query<Filter>) -> Json<Item> {{\n"
    post = "async fn order_{number}(Json(order): Json<Order>) -> Json<Receipt> {{\n"

    def after(self, module):
        gets = self.lists(lambda n: f'        .route("/m{module}/items{n}/{{id}}", get(item_{n}))')
        posts = self.lists(lambda n: f'        .route("/m{module}/orders{n}", post(order_{n}))')
        return f"\npub fn routes() -> Router {{\n    Router::new()\n{gets}\n{posts}\n}}\n"

    def main(self):
        modules = "".join(f"mod m{module};\n" for module in range(MODULES))
        merged = "\n".join(f"        .merge(m{module}::routes())" for module in range(MODULES))
        return f"""{modules}
#[tokio::main]
async fn main() {{
    let app = axum::Router::new()
{merged};
    let address = format!("127.0.0.1:{{}}", std::env::var("PORT").unwrap());
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}}
"""


class EquippedAxum(Axum):
    """With what every program of pulsar has: HTTP/2, TLS, a log with filters as text or JSON, a command line."""

    name = "axum with TLS, log, options"
    dependencies = (
        'axum = { version = "0.8", features = ["http2"] }\n'
        'axum-server = { version = "0.9", features = ["tls-rustls-ring"] }\n'
        'clap = { version = "4", features = ["derive"] }\n'
        'tokio = { version = "1", features = ["macros", "net", "rt-multi-thread"] }\n'
        'tracing-subscriber = { version = "0.3", features = ["env-filter", "json"] }\n'
    )

    def main(self):
        modules = "".join(f"mod m{module};\n" for module in range(MODULES))
        merged = "\n".join(f"        .merge(m{module}::routes())" for module in range(MODULES))
        return f"""{modules}
use std::{{net::SocketAddr, path::PathBuf}};

use axum_server::tls_rustls::RustlsConfig;
use clap::Parser;

#[derive(Parser)]
struct Options {{
    #[arg(long)]
    bind: SocketAddr,
    #[arg(long, requires = "key")]
    cert: Option<PathBuf>,
    #[arg(long)]
    key: Option<PathBuf>,
    #[arg(long, default_value = "info")]
    log: String,
    #[arg(long)]
    json: bool,
}}

#[tokio::main]
async fn main() {{
    let options = Options::parse();
    let log = tracing_subscriber::fmt().with_env_filter(&options.log);
    if options.json {{
        log.json().init();
    }} else {{
        log.init();
    }}
    let app = axum::Router::new()
{merged};
    if let (Some(cert), Some(key)) = (options.cert, options.key) {{
        let tls = RustlsConfig::from_pem_file(cert, key).await.unwrap();
        axum_server::bind_rustls(options.bind, tls).serve(app.into_make_service()).await.unwrap();
    }} else {{
        axum_server::bind(options.bind).serve(app.into_make_service()).await.unwrap();
    }}
}}
"""

    def arguments(self, port):
        return ["--bind", f"127.0.0.1:{port}"]


class Actix(Framework):
    name = crate = "actix-web"
    own = False
    json = "web::Json"
    dependencies = 'actix-web = "4"\n'
    uses = "use actix_web::{get, post, web};\nuse serde::{Deserialize, Serialize};\n"
    get = (
        '#[get("/m{module}/items{number}/{{id}}")]\n'
        "async fn item_{number}(id: web::Path<u64>, filter: web::Query<Filter>) -> web::Json<Item> {{\n"
        "    let id = id.into_inner();\n"
    )
    post = '#[post("/m{module}/orders{number}")]\nasync fn order_{number}(order: web::Json<Order>) -> web::Json<Receipt> {{\n'

    def after(self, module):
        services = self.lists(lambda n: f"        .service(item_{n})\n        .service(order_{n})")
        return f"\npub fn routes(config: &mut web::ServiceConfig) {{\n    config\n{services};\n}}\n"

    def main(self):
        modules = "".join(f"mod m{module};\n" for module in range(MODULES))
        configured = "".join(f".configure(m{module}::routes)" for module in range(MODULES))
        return f"""use actix_web::{{App, HttpServer}};

{modules}
#[actix_web::main]
async fn main() -> std::io::Result<()> {{
    let port = std::env::var("PORT").unwrap().parse().unwrap();
    HttpServer::new(|| App::new(){configured})
        .workers(1)
        .bind(("127.0.0.1", port))?
        .run()
        .await
}}
"""


class Rocket(Framework):
    name = crate = "rocket"
    own = False
    query = "FromForm"
    dependencies = 'rocket = { version = "0.5", features = ["json"] }\n'
    uses = "use rocket::{FromForm, get, post, serde::json::Json};\nuse serde::{Deserialize, Serialize};\n"
    get = '#[get("/m{module}/items{number}/<id>?<filter..>")]\nasync fn item_{number}(id: u64, filter: Filter) -> Json<Item> {{\n'
    post = '#[post("/m{module}/orders{number}", data = "<order>")]\nasync fn order_{number}(order: Json<Order>) -> Json<Receipt> {{\n'

    def after(self, module):
        routes = self.lists(lambda n: f"        item_{n},\n        order_{n},")
        return f"\npub fn routes() -> Vec<rocket::Route> {{\n    rocket::routes![\n{routes}\n    ]\n}}\n"

    def main(self):
        modules = "".join(f"mod m{module};\n" for module in range(MODULES))
        mounted = "".join(f'.mount("/", m{module}::routes())' for module in range(MODULES))
        return f"""{modules}
#[rocket::launch]
fn rocket() -> _ {{
    rocket::build(){mounted}
}}
"""

    def environment(self, port):
        return {"ROCKET_PORT": str(port), "ROCKET_LOG_LEVEL": "off", "ROCKET_CLI_COLORS": "false"}


def version_of_pulsar():
    return re.search(r'^version = "(.*)"', open(os.path.join(REPOSITORY, "Cargo.toml")).read(), re.MULTILINE)[1]


def frameworks():
    return [
        Pulsar("pulsar", ""),
        Pulsar("pulsar without features", ", default-features = false"),
        Axum(),
        EquippedAxum(),
        Actix(),
        Rocket(),
    ]


class Cost:
    """Of one command: seconds until it was done, and seconds of processor time."""

    def __init__(self, wall, processor):
        self.wall, self.processor = wall, processor

    @staticmethod
    def median(costs):
        return Cost(statistics.median(cost.wall for cost in costs), statistics.median(cost.processor for cost in costs))

    def __str__(self):
        return f"{self.wall:.1f} ({self.processor:.1f})"


def run(arguments, folder):
    """Runs cargo to its end, without what a surrounding cargo may have set."""
    ours = re.compile(r"CARGO$|CARGO_(?!HOME)|RUSTFLAGS|RUSTC|MAKEFLAGS")
    keep = {name: value for name, value in os.environ.items() if not ours.match(name)}
    begun = time.monotonic()
    process = subprocess.Popen(arguments, cwd=folder, env=keep, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    cost = Cost(time.monotonic() - begun, usage.ru_utime + usage.ru_stime)
    if process.returncode != 0:
        sys.exit(f"{' '.join(arguments)} in {folder} ended with {process.returncode}:\n{output}")
    return cost, output


def cargo(app, *arguments):
    return run(["cargo", *arguments, "--offline", "--locked", "--quiet"], app.folder)[0]


def packaged(app):
    """Gives pulsar to an application as a registry would: packaged, built without `incremental` as all that is not one's own."""
    members = ("pulsar-pattern", "pulsar-macros", "pulsar")
    target = os.path.join(FOLDER, "package")
    packages = [word for member in members for word in ("-p", member)]
    run(["cargo", "package", "--no-verify", "--allow-dirty", "--quiet", "--target-dir", target, *packages], REPOSITORY)
    vendor = os.path.join(app.folder, "vendor")
    shutil.rmtree(vendor, ignore_errors=True)
    shutil.rmtree(os.path.join(app.folder, ".cargo"), ignore_errors=True)
    os.makedirs(vendor)
    crates = {member: f"{member}-{version_of_pulsar()}" for member in members}
    for name in crates.values():
        with tarfile.open(os.path.join(target, "package", f"{name}.crate")) as crate:
            crate.extractall(vendor, filter="data")
    # First as folders, with the versions of this repository, so that cargo collects what they need; then as what was collected.
    shutil.copy(os.path.join(REPOSITORY, "Cargo.lock"), app.folder)
    patch = "".join(f'{member} = {{ path = "{vendor}/{name}" }}\n' for member, name in crates.items())
    save(app, "Cargo.toml", app.manifest + "\n[patch.crates-io]\n" + patch)
    run(["cargo", "vendor", "--quiet", "--no-delete", "vendor"], app.folder)
    for member, name in crates.items():
        with open(os.path.join(target, "package", f"{name}.crate"), "rb") as crate:
            checksum = {"files": {}, "package": hashlib.sha256(crate.read()).hexdigest()}
        save(app, f"vendor/{name}/.cargo-checksum.json", json.dumps(checksum))
    save(app, "Cargo.toml", app.manifest)
    save(app, ".cargo/config.toml", '[source.crates-io]\nreplace-with = "vendor"\n\n[source.vendor]\ndirectory = "vendor"\n')
    run(["cargo", "metadata", "--offline", "--quiet", "--format-version", "1"], app.folder)


def save(app, name, text):
    path = os.path.join(app.folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def write(app):
    """The application, its lock file, and whatever it needs of a registry."""
    slug = app.name.replace(",", "").replace(" ", "-").lower()
    app.folder, app.program = os.path.join(FOLDER, slug), "app-of-" + slug
    app.manifest = (
        f'[package]\nname = "{app.program}"\nedition = "{app.edition}"\n\n[dependencies]\n{app.dependencies}'
        'serde = { version = "1", features = ["derive"] }\n\n[workspace]\n'
    )
    save(app, "Cargo.toml", app.manifest)
    save(app, "src/main.rs", app.main())
    for module in range(MODULES):
        save(app, f"src/m{module}.rs", app.module(module))
    if app.own:
        packaged(app)
    else:
        run(["cargo", "fetch", "--quiet"], app.folder)


def edit(app, number):
    """Adds one more line to the body of one handler."""
    module, route = EDITED
    text = app.module(module)
    place = [match.end() for match in re.finditer(re.escape(MARK), text)][route]
    lines = "".join(f"    let offset = offset + {line};\n" for line in range(number))
    save(app, f"src/m{module}.rs", text[:place] + lines + text[place:])


def answers(app, program):
    """What the program answers to two requests: it is started, asked and stopped."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([program, *app.arguments(port)], env=os.environ | app.environment(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    order = {"id": 7, "customer": "Ada", "items": [{"sku": "a", "quantity": 2, "price": 1.5}, {"sku": "", "quantity": 1, "price": 0.25}], "note": None}
    requests = [
        urllib.request.Request(f"http://127.0.0.1:{port}/m3/items4/12?page=2&per_page=50&search=x"),
        urllib.request.Request(f"http://127.0.0.1:{port}/m9/orders9", json.dumps(order).encode(), {"Content-Type": "application/json"}),
    ]
    try:
        until = time.monotonic() + 20
        while True:
            try:
                return [json.load(urllib.request.urlopen(request, timeout=5)) for request in requests]
            except OSError as error:
                if process.poll() is not None or time.monotonic() > until or isinstance(error, urllib.error.HTTPError):
                    sys.exit(f"{app.name}: does not answer: {error}")
                time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


EXPECTED = [
    {"id": 12, "name": "item 4 x", "offset": 100},
    {"id": 16, "customer": "Ada", "lines": 1, "total": 3.25, "note": None},
]


class Figures:
    """Of one application."""

    def __init__(self):
        self.costs = {"clean": [], "incremental": [], "check": [], "release": []}
        self.sizes = {}

    def add(self, kind, cost):
        self.costs[kind].append(cost)

    def cost(self, kind):
        return str(Cost.median(self.costs[kind])) if self.costs[kind] else "-"

    def size(self, kind):
        return f"{self.sizes[kind] / 1e6:.1f}" if kind in self.sizes else "-"


def measure(apps, options):
    figures = {app.name: Figures() for app in apps}
    for number in range(0 if "clean" in options.skip else options.rounds):
        for app in apps:
            edit(app, 0)
            shutil.rmtree(os.path.join(app.folder, "target"), ignore_errors=True)
            figures[app.name].add("clean", cargo(app, "build"))
            report(app, f"clean, round {number + 1}", figures[app.name].costs["clean"][-1])
    for app in apps:
        edit(app, 0)
        cargo(app, "build")
        program = os.path.join(app.folder, "target", "debug", app.program)
        given = answers(app, program)
        if given != EXPECTED:
            sys.exit(f"{app.name}: answered {given}, not {EXPECTED}")
        figures[app.name].sizes["debug"] = os.path.getsize(program)
        if "edits" not in options.skip:
            cargo(app, "check")
    for number in range(0 if "edits" in options.skip else options.edits + 1):
        for app in apps:
            edit(app, number + 1)
            for kind, command in ("incremental", "build"), ("check", "check"):
                cost = cargo(app, command)
                if number > 0:  # The first one meets a cache that a clean build left, the others that of an edit.
                    figures[app.name].add(kind, cost)
                    report(app, f"{kind}, edit {number}", cost)
    for app in [] if "release" in options.skip else apps:
        edit(app, 0)
        figures[app.name].add("release", cargo(app, "build", "--release"))
        report(app, "release", figures[app.name].costs["release"][-1])
        program = os.path.join(app.folder, "target", "release", app.program)
        figures[app.name].sizes["release"] = os.path.getsize(program)
        run(["strip", "-o", program + ".stripped", program], app.folder)
        figures[app.name].sizes["stripped"] = os.path.getsize(program + ".stripped")
    return figures


def report(app, what, cost):
    print(f"{app.name}: {what}: {cost}", file=sys.stderr, flush=True)


def crates(app):
    """How many crates a build has besides the application, and the version of the one that it is about."""
    _, tree = run(["cargo", "tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"], app.folder)
    packages = {" ".join(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    version = next(package.split()[1] for package in packages if package.split()[0] == app.crate)
    return len(packages) - 1, version.lstrip("v")


def tables(apps, figures):
    """What was measured, as Markdown."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    lines = [
        f"Measured on {datetime.date.today():%d %B %Y}: {os.cpu_count()} processors ({model}), {rustc}.",
        "",
        "| application | crates | clean | incremental | check | release |",
        "|---|---|---|---|---|---|",
    ]
    sizes = ["", "| application | debug | release | stripped |", "|---|---|---|---|"]
    for app in apps:
        found, (count, version) = figures[app.name], crates(app)
        name = app.name.replace(app.crate, f"{app.crate} {version}")
        lines.append(f"| {name} | {count} | " + " | ".join(found.cost(kind) for kind in found.costs) + " |")
        sizes.append(f"| {name} | " + " | ".join(found.size(kind) for kind in ("debug", "release", "stripped")) + " |")
    return "\n".join(lines + sizes) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, help="clean builds of each (3)")
    parser.add_argument("--edits", type=int, help="edits of each (7)")
    parser.add_argument("--quick", action="store_true", help="1 round, 3 edits, no release")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="frameworks, such as `pulsar` and `axum`")
    parser.add_argument("--skip", nargs="+", default=[], choices=["clean", "edits", "release"], help="what is not measured")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/build-times.md")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.edits = options.edits or (3 if options.quick else 7)
    if options.quick:
        options.skip.append("release")
    apps = [app for app in frameworks() if not options.only or app.name in options.only]
    for app in apps:
        write(app)
    text = tables(apps, measure(apps, options))
    print(text)
    if options.write:
        with open(DOCUMENT) as file:
            document = file.read()
        before, after = document.split(BEGIN)[0], document.split(END)[1]
        with open(DOCUMENT, "w") as file:
            file.write(before + BEGIN + text + END + after)


if __name__ == "__main__":
    main()

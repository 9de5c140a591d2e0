//! The sets of rules, and the paths that are asked for.
//!
//! A rule is written with `{}` for a placeholder of one segment; each engine has its own way to say that.

/// Numbers that look random and are the same in every run: splitmix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("it is less than a usize")
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A value: a word, a number, a name with a dash.
    fn value(&mut self) -> String {
        match self.below(4) {
            0 => self.below(1_000_000).to_string(),
            1 => self.of(WORDS).to_string(),
            2 => format!("{}-{}", self.of(WORDS), self.of(WORDS)),
            _ => {
                let count = 1 + self.below(16);
                (0..count)
                    .map(|_| char::from(b'a' + u8::try_from(self.below(26)).expect("a letter")))
                    .collect()
            }
        }
    }
}

const WORDS: &[&str] = &[
    "account",
    "address",
    "alert",
    "article",
    "asset",
    "audit",
    "author",
    "backup",
    "badge",
    "balance",
    "batch",
    "billing",
    "board",
    "booking",
    "branch",
    "bucket",
    "budget",
    "build",
    "campaign",
    "card",
    "cart",
    "category",
    "channel",
    "client",
    "cluster",
    "comment",
    "commit",
    "company",
    "contact",
    "contract",
    "country",
    "coupon",
    "course",
    "customer",
    "dashboard",
    "dataset",
    "delivery",
    "deployment",
    "device",
    "discount",
    "document",
    "domain",
    "event",
    "export",
    "feature",
    "feed",
    "file",
    "folder",
    "form",
    "gateway",
    "group",
    "hook",
    "image",
    "import",
    "incident",
    "index",
    "invoice",
    "item",
    "job",
    "key",
    "label",
    "language",
    "ledger",
    "license",
    "list",
    "location",
    "log",
    "mail",
    "member",
    "message",
    "metric",
    "milestone",
    "model",
    "network",
    "node",
    "note",
    "notification",
    "offer",
    "order",
    "organization",
    "package",
    "page",
    "partner",
    "payment",
    "permission",
    "pipeline",
    "plan",
    "policy",
    "post",
    "price",
    "product",
    "profile",
    "project",
    "provider",
    "queue",
    "quota",
    "receipt",
    "record",
    "region",
    "release",
    "report",
    "repository",
    "request",
    "review",
    "role",
    "rule",
    "schedule",
    "secret",
    "segment",
    "server",
    "service",
    "session",
    "setting",
    "shipment",
    "snapshot",
    "stage",
    "stock",
    "store",
    "subscription",
    "supplier",
    "survey",
    "tag",
    "task",
    "team",
    "template",
    "tenant",
    "test",
    "ticket",
    "token",
    "topic",
    "track",
    "transaction",
    "transfer",
    "trigger",
    "user",
    "vendor",
    "version",
    "volume",
    "voucher",
    "wallet",
    "warehouse",
    "webhook",
    "widget",
    "workflow",
    "workspace",
    "zone",
];

const ACTIONS: &[&str] =
    &["activate", "archive", "cancel", "export", "history", "publish", "restore", "search", "stats"];

/// The routes of the API of GitHub that benches of routers have in common.
pub fn github() -> Vec<String> {
    include_str!("github.txt").lines().map(str::to_owned).collect()
}

/// So many routes of a REST API: versions, resources, what belongs to one of them, and actions.
pub fn rest(count: usize, seed: u64) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut seen = std::collections::HashSet::new();
    let mut rules = Vec::new();
    while rules.len() < count {
        let version = 1 + random.below(3);
        let resource = if random.below(3) == 0 {
            format!("{}s", random.of(WORDS))
        } else {
            format!("{}-{}s", random.of(WORDS), random.of(WORDS))
        };
        let base = format!("/api/v{version}/{resource}");
        let inner = format!("{}s", random.of(WORDS));
        for rule in [
            base.clone(),
            format!("{base}/{{}}"),
            format!("{base}/{{}}/{inner}"),
            format!("{base}/{{}}/{inner}/{{}}"),
            format!("{base}/{{}}/{}", random.of(ACTIONS)),
            format!("{base}/{{}}/{inner}/{{}}/{}", random.of(ACTIONS)),
        ] {
            if rules.len() < count && random.below(8) != 0 && seen.insert(rule.clone()) {
                rules.push(rule);
            }
        }
    }
    rules
}

fn fill(rule: &str, mut value: impl FnMut() -> String) -> String {
    let mut parts = rule.split("{}");
    let mut path = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        path.push_str(&value());
        path.push_str(part);
    }
    path
}

/// A path for each rule, in their order.
pub fn in_order(rules: &[String]) -> Vec<String> {
    let values = ["rust-lang", "rust", "1347", "octocat"];
    rules
        .iter()
        .map(|rule| {
            let mut next = values.iter().cycle();
            fill(rule, || (*next.next().expect("a cycle does not end")).to_owned())
        })
        .collect()
}

/// Paths of random rules with random values.
pub fn random(rules: &[String], count: usize) -> Vec<String> {
    let mut random = Random::new(17);
    (0..count)
        .map(|_| {
            let rule = &rules[random.below(rules.len())];
            fill(rule, || random.value())
        })
        .collect()
}

/// Paths that look like those of the rules, and that no rule may match; the caller has to ask.
pub fn missing(rules: &[String], count: usize) -> Vec<String> {
    let mut random = Random::new(23);
    (0..count)
        .map(|_| {
            let rule = rules[random.below(rules.len())].clone();
            let path = fill(&rule, || random.value());
            match random.below(3) {
                0 => format!("/{}{path}", random.of(WORDS)),
                1 => format!("{path}/{}/{}", random.value(), random.of(WORDS)),
                _ => {
                    let mut segments: Vec<_> = path.split('/').map(str::to_owned).collect();
                    let at = 1 + random.below(segments.len() - 1);
                    segments[at].push('x');
                    segments.join("/")
                }
            }
        })
        .collect()
}

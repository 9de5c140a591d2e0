use pulsar::provide;

struct Db;

impl Db {
    #[provide]
    fn clone(&self) -> Db {
        Db
    }
}

fn main() {}

use pulsar::{get, post, route};

#[get("/users/<int:id>")]
async fn user(id: u64) {
    let _ = id;
}

#[get("/users/<int:number>")]
async fn user_again(number: u32) {
    let _ = number;
}

#[route("/files/<path:rest>", methods = ["GET", "PUT"])]
async fn file(rest: &str) {
    let _ = rest;
}

#[route("/files/<path:name>", methods = ["PUT", "POST"])]
async fn put(name: &str) {
    let _ = name;
}

// These are others: another method, another converter, another module, nothing at all.
#[post("/users/<int:id>")]
async fn edit(id: u64) {
    let _ = id;
}

#[get("/users/<id>")]
async fn named(id: &str) {
    let _ = id;
}

#[cfg(any())]
#[get("/users/<id>")]
async fn nobody(id: &str) {}

#[get("/users/<id>")]
#[cfg(any())]
async fn nobody_either(id: &str) {}

mod api {
    #[pulsar::get("/users/<int:id>")]
    async fn user(id: u64) {
        let _ = id;
    }
}

fn main() {
    #[get("/users/<int:id>")]
    async fn inside(id: u64) {
        let _ = id;
    }
}

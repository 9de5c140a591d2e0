use pulsar::provide;

#[provide]
fn value<T: Default>() -> T {
    T::default()
}

fn main() {}

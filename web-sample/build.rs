//! Makes cargo notice a static file or template that is new or gone: the embedding macros watch only those they knew.

fn main() {
    println!("cargo:rerun-if-changed=../static");
    println!("cargo:rerun-if-changed=../templates");
}

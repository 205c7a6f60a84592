use sealed_session::{KeyRing, RootSecret};

fn main() {
    let secret = RootSecret::generate().unwrap();
    println!("{secret}"); //~ E0277
    println!("{secret:x}"); //~ E0277
    let _: String = secret.to_string(); //~ E0599
    let ring = KeyRing::single(secret);
    println!("{ring}"); //~ E0277
    println!("{}", ring.roots()[0]); //~ E0277
    println!("{ring:?}");
}

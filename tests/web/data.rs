//! What is put into a session is what is read out of it; what could not be is an error at once.

use std::collections::{BTreeMap, HashMap};

use axum::body::Body;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{Method, Request, Response};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sealed_session::http::{DataError, FlashLevel, Session, SessionLayer};
use sealed_session::{CreateOptions, KeyRing, RootSecret, SealError, SealedStore, SessionPlugin};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// A client of the layer, without a network between them.
struct Visitor {
    store: SealedStore,
    layer: SessionLayer,
    cookie: String,
}

impl Visitor {
    fn new() -> Self {
        let ring = KeyRing::single(RootSecret::from_bytes(&[1; 32]).unwrap());
        let store = SealedStore::builder(ring).build().unwrap();
        let layer = SessionLayer::new(store.clone()).unwrap();
        Self { store, layer, cookie: String::new() }
    }

    /// With a session that was made without the layer.
    fn with_data(data: &str) -> Self {
        let mut visitor = Self::new();
        let id =
            visitor.store.create(CreateOptions { data_json: data.to_owned(), ..Default::default() }).unwrap();
        visitor.cookie = format!("__Host-session={}", id.as_str());
        visitor
    }

    async fn post<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&Session) -> T + Clone + Send + 'static,
    ) -> T {
        self.send(Method::POST, act).await
    }

    /// A request with this handler; the cookie is kept.
    async fn send<T: Send + 'static>(
        &mut self,
        method: Method,
        act: impl FnOnce(&Session) -> T + Clone + Send + 'static,
    ) -> T {
        let handler = service_fn(move |request: Request<Body>| {
            let done = act.clone()(request.extensions().get::<Session>().unwrap());
            let mut response = Response::new(Body::empty());
            response.extensions_mut().insert(Done(std::sync::Arc::new(std::sync::Mutex::new(Some(done)))));
            std::future::ready(Ok::<_, std::convert::Infallible>(response))
        });
        let request = Request::builder().method(method).uri("/").header(COOKIE, &self.cookie);
        let request = request.body(Body::empty()).unwrap();
        let mut response = self.layer.layer(handler).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        if let Some(set) = response.headers().get(SET_COOKIE) {
            self.cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        let Done(done) = response.extensions_mut().remove::<Done<T>>().unwrap();
        done.lock().unwrap().take().unwrap()
    }
}

/// What a handler has done.
struct Done<T>(std::sync::Arc<std::sync::Mutex<Option<T>>>);

impl<T> Clone for Done<T> {
    fn clone(&self) -> Self {
        Self(std::sync::Arc::clone(&self.0))
    }
}

/// Puts a value in and reads it in the same request and in the next.
async fn comes_back<T>(value: T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug + Clone + Send + 'static,
{
    let mut visitor = Visitor::new();
    let put = value.clone();
    let at_once = visitor.post(move |s| s.insert("v", &put).and_then(|()| s.get::<T>("v"))).await;
    assert_eq!(at_once, Ok(Some(value.clone())));
    let next = visitor.post(|s| (s.get::<T>("v"), s.load::<HashMap<String, T>>(), s.take::<T>("v"))).await;
    let whole = HashMap::from([("v".to_owned(), value.clone())]);
    assert_eq!(next, (Ok(Some(value.clone())), Ok(whole), Ok(Some(value))));
}

/// Tries to put a value in, alone, as a part, and as the whole data; what was there stays.
async fn is_refused<T: Serialize + Clone + Send + 'static>(value: T) -> DataError {
    let mut visitor = Visitor::new();
    visitor.post(|s| s.insert("v", "before")).await.unwrap();
    let refused = visitor
        .post(move |s| {
            let (part, whole) = (s.insert("v", &[Some(&value)]), s.store(&BTreeMap::from([("v", &value)])));
            assert!(part.is_err() && whole.is_err(), "{part:?} {whole:?}");
            s.insert("v", &value).unwrap_err()
        })
        .await;
    assert_eq!(visitor.post(Session::load::<Value>).await, Ok(json!({"v": "before"})));
    refused
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

const TOO_DEEP: DataError = DataError::Seal(SealError::TooDeep { limit: 64 });

#[tokio::test]
async fn floats_come_back_to_the_last_bit() {
    let mut random = StdRng::seed_from_u64(17);
    let mut f64s: Vec<f64> = (0..300_000).map(|_| f64::from_bits(random.random())).collect();
    f64s.extend([1.577_777_777_777_000_1, -0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, 1e23, 0.1]);
    f64s.extend((0..100_000).map(|_| random.random_range(0.0..10.0)));
    f64s.retain(|float| float.is_finite());
    Visitor::new()
        .post(move |s| {
            for floats in f64s.chunks(100) {
                let bits = |floats: &[f64]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
                s.insert("v", floats).unwrap();
                assert_eq!(bits(&s.get::<Vec<f64>>("v").unwrap().unwrap()), bits(floats));
                assert_eq!(bits(&s.load::<HashMap<String, Vec<f64>>>().unwrap()["v"]), bits(floats));
                let value = s.get::<Value>("v").unwrap().unwrap();
                let of_value: Vec<f64> =
                    value.as_array().unwrap().iter().map(|float| float.as_f64().unwrap()).collect();
                assert_eq!(bits(&of_value), bits(floats));
                assert_eq!(bits(&s.take::<Vec<f64>>("v").unwrap().unwrap()), bits(floats));
            }
        })
        .await;
}

#[tokio::test]
async fn short_floats_come_back_to_the_last_bit() {
    let mut random = StdRng::seed_from_u64(32);
    let mut f32s: Vec<f32> = (0..300_000).map(|_| f32::from_bits(random.random())).collect();
    f32s.extend([-0.0, f32::MIN_POSITIVE, f32::from_bits(1), f32::MAX, 0.1, 7.038_531e-26]);
    f32s.retain(|float| float.is_finite());
    Visitor::new()
        .post(move |s| {
            for floats in f32s.chunks(150) {
                let bits = |floats: &[f32]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
                s.store(&BTreeMap::from([("v", floats)])).unwrap();
                assert_eq!(bits(&s.get::<Vec<f32>>("v").unwrap().unwrap()), bits(floats));
                assert_eq!(bits(&s.load::<HashMap<String, Vec<f32>>>().unwrap()["v"]), bits(floats));
                assert_eq!(bits(&s.take::<Vec<f32>>("v").unwrap().unwrap()), bits(floats));
            }
        })
        .await;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Newtype(f64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    New(Newtype),
    Tuple(f32, f64),
    Struct { at: Option<f64> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flat {
    a: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, f64>,
}

#[tokio::test]
async fn a_float_that_json_does_not_have_is_an_error_wherever_it_stands() {
    for bad in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = [
            is_refused(bad).await,
            is_refused(bad as f32).await,
            is_refused(Some(bad)).await,
            is_refused(vec![1.0, bad]).await,
            is_refused((1, bad)).await,
            is_refused(Newtype(bad)).await,
            is_refused(Shape::New(Newtype(bad))).await,
            is_refused(Shape::Tuple(1.0, bad)).await,
            is_refused(Shape::Struct { at: Some(bad) }).await,
            is_refused(BTreeMap::from([("a", BTreeMap::from([(1, [bad])]))])).await,
            is_refused(Flat { a: 1, rest: [("b".to_owned(), bad)].into() }).await,
        ];
        for error in refused {
            assert!(matches!(error, DataError::Unserializable { .. }), "{error:?}");
            assert!(error.to_string().contains("NaN"), "{error}");
        }
    }
}

/// A map whose keys are floats.
#[derive(Clone)]
struct ByFloat(f64);

impl Serialize for ByFloat {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, 1)])
    }
}

#[tokio::test]
async fn names_that_are_not_strings_are_written_as_strings_or_refused() {
    let mut visitor = Visitor::new();
    visitor.post(|s| s.insert("v", &ByFloat(1.5))).await.unwrap();
    assert_eq!(visitor.post(|s| s.get::<Value>("v")).await, Ok(Some(json!({"1.5": 1}))));
    assert!(matches!(is_refused(ByFloat(f64::NAN)).await, DataError::Unserializable { .. }));
    assert!(matches!(is_refused(HashMap::from([((1, 2), 3)])).await, DataError::Unserializable { .. }));
    comes_back(BTreeMap::from([(-1_i64, true), (2, false)])).await;
    comes_back(BTreeMap::from([(true, 1), (false, 0)])).await;
    comes_back(BTreeMap::from([('é', 1)])).await;
    comes_back(BTreeMap::from([(u128::MAX, 1)])).await;
}

#[tokio::test]
async fn values_of_every_kind_come_back() {
    comes_back((u64::MAX, i64::MIN, -0_i8)).await;
    comes_back((u128::MAX, i128::MIN, u128::from(u64::MAX) + 1)).await;
    comes_back(Some(1.5)).await;
    comes_back(None::<f64>).await;
    comes_back(()).await;
    comes_back("\u{0}\u{1f}\"\\/\u{7f}\u{2028}é😀\u{10ffff}\\ud800".to_owned()).await;
    comes_back(BTreeMap::from([("".to_owned(), "".to_owned()), ("__proto__".to_owned(), "x".into())])).await;
    comes_back(vec![
        Shape::Unit,
        Shape::New(Newtype(-0.0)),
        Shape::Tuple(0.1, 0.1),
        Shape::Struct { at: None },
    ])
    .await;
    comes_back(Flat { a: 1, rest: [("".to_owned(), 0.3)].into() }).await;
    comes_back(json!({"a": [1, -1, 1.5, null, "x", {"": {}}]})).await;
    comes_back(std::time::Duration::from_nanos(1_500_000_001)).await;
}

#[tokio::test]
async fn a_value_with_its_own_text_is_kept_as_written() {
    let mut visitor = Visitor::new();
    let text = r#"{ "a" : [1E+2, -0, 1.50,  "\u00e9"] }"#;
    let value = raw(text);
    visitor.post(move |s| s.insert("v", &vec![value])).await.unwrap();
    let read = visitor.post(|s| s.get::<Vec<Box<RawValue>>>("v")).await.unwrap().unwrap();
    assert_eq!(read[0].get(), text);
    assert_eq!(
        visitor.post(|s| s.get::<Value>("v")).await,
        Ok(Some(json!([{"a": [100.0, -0.0, 1.5, "é"]}])))
    );
}

#[tokio::test]
async fn a_value_with_its_own_text_that_a_reader_would_refuse_or_change_is_an_error() {
    for text in [
        "1e999",
        "-1E999",
        "1e-999",
        "340282366920938463463374607431768211456",
        r#""\ud800""#,
        r#""\udc00\ud83d""#,
        r#"{"\ud800":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":1, "\u0061" : 2}"#,
    ] {
        let error = is_refused(raw(text)).await;
        assert!(matches!(error, DataError::Unserializable { .. }), "{text}: {error:?}");
    }
}

#[tokio::test]
async fn a_name_that_comes_twice_is_an_error() {
    let twice = Flat { a: 1, rest: [("a".to_owned(), 2.0)].into() };
    assert!(matches!(is_refused(twice.clone()).await, DataError::Unserializable { .. }));
    let whole = Visitor::new().post(move |s| s.store(&twice)).await;
    assert!(matches!(whole, Err(DataError::Unserializable { .. })), "{whole:?}");
}

#[tokio::test]
async fn data_of_64_levels_comes_back_and_a_level_more_is_an_error() {
    let deepest: Value = serde_json::from_str(&nested(63)).unwrap();
    comes_back(deepest.clone()).await;
    assert_eq!(is_refused(json!([deepest])).await, TOO_DEEP);
    assert_eq!(is_refused(serde_json::from_str::<Value>(&nested(120)).unwrap()).await, TOO_DEEP);
    let whole = json!({"v": deepest});
    let stored = Visitor::new().post(move |s| s.store(&whole).and_then(|()| s.load::<Value>())).await;
    assert!(stored.is_ok(), "{stored:?}");
    for depth in [64, 65, 127, 128, 100_000] {
        assert_eq!(is_refused(raw(&nested(depth))).await, TOO_DEEP, "{depth}");
        assert_eq!(is_refused(Nested(depth)).await, TOO_DEEP, "{depth}");
    }
    let mut visitor = Visitor::new();
    visitor.post(|s| s.insert("v", &raw(&(nested(63))))).await.unwrap();
    visitor.post(|s| s.insert("w", &"[".repeat(200))).await.unwrap();
}

/// So many arrays in each other, without the memory for them.
#[derive(Clone)]
struct Nested(usize);

impl Serialize for Nested {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            1 => serializer.collect_seq([0_u8; 0]),
            depth => serializer.collect_seq([Nested(depth - 1)]),
        }
    }
}

#[tokio::test]
async fn every_shape_of_a_value_counts_its_levels() {
    #[derive(Clone, Serialize)]
    enum Level {
        New(Box<Level>),
        Tuple(Box<Level>, u8),
        Struct { inner: Option<Box<Level>> },
        End,
    }
    for (levels, wrap) in [
        (1, (|inner| Level::New(inner)) as fn(Box<Level>) -> Level),
        (2, |inner| Level::Tuple(inner, 1)),
        (2, |inner| Level::Struct { inner: Some(inner) }),
    ] {
        let of = |count: usize| (0..count).fold(Level::End, |inner, _| wrap(Box::new(inner)));
        let most = 63 / levels;
        let (fits, too_deep) = (of(most), of(most + 1));
        assert_eq!(Visitor::new().post(move |s| s.insert("v", &fits)).await, Ok(()), "{levels}");
        assert_eq!(Visitor::new().post(move |s| s.insert("v", &too_deep)).await, Err(TOO_DEEP), "{levels}");
    }
}

#[tokio::test]
async fn a_store_refuses_deeper_data_too() {
    let store = Visitor::new().store;
    let data = |depth: usize| format!(r#"{{"v":{}}}"#, nested(depth - 1));
    let create =
        |depth| store.create_with(CreateOptions { data_json: data(depth), ..Default::default() }, b"");
    let id = create(64).unwrap();
    for depth in [65, 128, 100_000] {
        assert_eq!(create(depth), Err(SealError::TooDeep { limit: 64 }));
        assert!(store.update_with(&id, &data(depth), b"").is_err());
    }
}

#[tokio::test]
async fn random_values_come_back_or_are_refused() {
    let mut random = StdRng::seed_from_u64(64);
    let values: Vec<Value> = (0..3_000).map(|_| value(&mut random, 6)).collect();
    Visitor::new()
        .post(move |s| {
            for value in values {
                match s.insert("v", &value) {
                    Ok(()) => assert_eq!(s.get::<Value>("v"), Ok(Some(value))),
                    Err(DataError::Seal(SealError::TooLarge { .. })) => {}
                    Err(error) => panic!("{value}: {error:?}"),
                }
            }
        })
        .await;
}

fn value(random: &mut StdRng, depth: usize) -> Value {
    let few = random.random_range(0..4);
    match random.random_range(0..if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => random.random::<bool>().into(),
        2 => random.random::<u64>().into(),
        3 => random.random::<i64>().into(),
        4 => serde_json::Number::from_f64(f64::from_bits(random.random())).map_or(Value::Null, Value::Number),
        5 => text(random).into(),
        6 => (0..few).map(|_| value(random, depth - 1)).collect(),
        _ => (0..few).map(|_| (text(random), value(random, depth - 1))).collect(),
    }
}

fn text(random: &mut StdRng) -> String {
    let len = random.random_range(0..5);
    (0..len).map(|_| *b"\"\\{}[]:, ua\n\0".map(char::from).get(random.random_range(0..13)).unwrap()).collect()
}

#[tokio::test]
async fn members_of_any_name_come_back() {
    let names =
        ["", "\"", "\\", "a\nb\u{0}", "é😀", "__proto__", "constructor", "\\u0061", "_flash_", "{,:}"];
    let mut visitor = Visitor::new();
    visitor.post(move |s| names.iter().try_for_each(|name| s.insert(name, name))).await.unwrap();
    for name in names {
        assert_eq!(visitor.post(move |s| s.get::<String>(name)).await, Ok(Some(name.to_owned())));
    }
    for name in names {
        assert_eq!(visitor.post(move |s| s.take::<String>(name)).await, Ok(Some(name.to_owned())));
    }
    assert!(visitor.post(Session::is_empty).await);
}

#[tokio::test]
async fn the_name_of_the_messages_is_not_for_applications() {
    let reserved = || DataError::Reserved { member: "_flash".to_owned() };
    let mut visitor = Visitor::new();
    visitor.post(|s| s.flash(FlashLevel::Info, "hello")).await.unwrap();
    let refused = visitor
        .post(|s| {
            [
                s.insert("_flash", "x"),
                s.remove("_flash").map(drop),
                s.take::<Value>("_flash").map(drop),
                s.get::<Value>("_flash").map(drop),
                s.store(&json!({"a": 1, "_flash": []})),
            ]
        })
        .await;
    assert_eq!(refused, std::array::from_fn(|_| Err(reserved())));
    assert!(reserved().to_string().contains("flash messages"), "{}", reserved());
    assert_eq!(visitor.post(Session::take_flashes).await.unwrap()[0].text, "hello");
}

#[tokio::test]
async fn what_else_stands_in_the_place_of_messages_is_an_error_and_stays() {
    let mut visitor = Visitor::with_data(r#"{"_flash":"x","a":1}"#);
    for refused in visitor.post(|s| [s.flash(FlashLevel::Info, "y"), s.take_flashes().map(drop)]).await {
        assert!(matches!(refused, Err(DataError::Type { .. })), "{refused:?}");
    }
    assert_eq!(visitor.post(Session::load::<Value>).await, Ok(json!({"a": 1})));
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Strict {
    pages: u32,
}

#[tokio::test]
async fn messages_that_wait_are_not_part_of_the_data() {
    let mut visitor = Visitor::new();
    visitor.post(|s| s.flash(FlashLevel::Info, "hello")).await.unwrap();
    let (empty, loaded) = visitor.post(|s| (s.is_empty(), s.load::<Strict>())).await;
    assert_eq!((empty, loaded), (true, Ok(Strict { pages: 0 })));
    visitor.post(|s| s.store(&Strict { pages: 1 })).await.unwrap();
    let (empty, loaded) = visitor.post(|s| (s.is_empty(), s.load::<Strict>())).await;
    assert_eq!((empty, loaded), (false, Ok(Strict { pages: 1 })));
    visitor.post(Session::clear).await.unwrap();
    assert_eq!(visitor.post(Session::load::<Value>).await, Ok(json!({})));
    let left = visitor.post(Session::take_flashes).await.unwrap();
    assert_eq!(left.iter().map(|flash| flash.text.as_str()).collect::<Vec<_>>(), ["hello"]);
    assert_eq!(visitor.post(Session::take_flashes).await, Ok(vec![]));
}

#[tokio::test]
async fn a_head_request_takes_no_message() {
    let mut visitor = Visitor::new();
    visitor.post(|s| s.flash(FlashLevel::Info, "hello")).await.unwrap();
    for method in [Method::HEAD, Method::HEAD, Method::GET] {
        let cookie = visitor.cookie.clone();
        let messages = visitor.send(method.clone(), Session::take_flashes).await.unwrap();
        assert_eq!(messages.len(), 1, "{method}");
        assert_eq!(visitor.cookie == cookie, method == Method::HEAD, "{method}");
    }
    assert_eq!(visitor.send(Method::GET, Session::take_flashes).await, Ok(vec![]));
}

#[tokio::test]
async fn a_message_of_any_text_comes_back() {
    let texts = ["", "\"\\\n\0\u{1f}", "{\"_flash\":[]}", "é😀\u{2028}", "\\ud800", "<script>&amp;"];
    let mut visitor = Visitor::new();
    visitor.post(move |s| texts.iter().try_for_each(|text| s.flash(FlashLevel::Error, *text))).await.unwrap();
    let read = visitor.post(Session::take_flashes).await.unwrap();
    assert_eq!(read.iter().map(|flash| flash.text.as_str()).collect::<Vec<_>>(), texts);
}

/// An object that begins with such a name is read as the text in it.
#[tokio::test]
async fn a_name_that_the_reader_takes_for_its_own_is_an_error() {
    let mark = "$serde_json::private::RawValue";
    let form = HashMap::from([(mark, r#"{"role":"admin"}"#)]);
    let answer =
        SessionLayer::new(Visitor::new().store).unwrap().layer(service_fn(move |request: Request<Body>| {
            let session = request.extensions().get::<Session>().unwrap();
            let refused = [
                session.insert("form", &form),
                session.insert("forms", &[&form]),
                session.insert(mark, "{}"),
                session.store(&form),
            ];
            assert!(
                refused.iter().all(|result| matches!(result, Err(DataError::Unserializable { .. }))),
                "{refused:?}"
            );
            std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(Body::empty())))
        }));
    answer.oneshot(Request::new(Body::empty())).await.unwrap();
}

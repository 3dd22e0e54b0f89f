//! Values as ciborium holds them: sorted and written, or read once they are known to be spelled
//! well. The thorough way, for values of any shape; records have a shorter one beside it.

use ciborium::Value;
use serde::de::DeserializeOwned;

use crate::cbor::Error;
use crate::cbor::walk::key_type;

/// The bytes of a value, just as it stands.
pub(crate) fn written(value: &Value) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes)
        .map_err(|_| Error::Unwritable("a value ciborium does not write"))?;
    Ok(bytes)
}

/// Reads what was walked before.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    ciborium::from_reader(bytes).map_err(|e| Error::Shape(shape(&e)))
}

/// The value with the keys of all its maps in order (bytewise, by their encodings).
pub(crate) fn sorted(value: Value) -> Result<Value, Error> {
    match value {
        Value::Float(_) => Err(Error::Unwritable("a floating point number")),
        Value::Null => Err(Error::Unwritable("a null")),
        Value::Array(items) => {
            Ok(Value::Array(items.into_iter().map(sorted).collect::<Result<_, _>>()?))
        }
        Value::Tag(tag, inner) => Ok(Value::Tag(tag, Box::new(sorted(*inner)?))),
        Value::Map(entries) => sorted_map(entries),
        plain => Ok(plain),
    }
}

fn sorted_map(entries: Vec<(Value, Value)>) -> Result<Value, Error> {
    let mut keyed = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let mut spelling = Vec::new();
        ciborium::into_writer(&key, &mut spelling)
            .map_err(|_| Error::Unwritable("a map key ciborium does not write"))?;
        keyed.push((spelling, key, sorted(value)?));
    }
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    for pair in keyed.windows(2) {
        if pair[0].0 == pair[1].0 {
            return Err(Error::Unwritable("a map with the same key twice"));
        }
        if key_type(pair[0].0[0] >> 5) != key_type(pair[1].0[0] >> 5) {
            return Err(Error::Unwritable("a map with keys of two types"));
        }
    }
    Ok(Value::Map(keyed.into_iter().map(|(_, key, value)| (key, value)).collect()))
}

/// ciborium's message without its internal offsets.
fn shape<E: std::fmt::Debug>(error: &ciborium::de::Error<E>) -> String {
    match error {
        ciborium::de::Error::Semantic(_, message) => message.clone(),
        _ => "ends early".to_owned(),
    }
}

//! Takes requests apart. What cannot be is its sender's mistake, and is answered as any other is; the
//! usual codec would call it an error of the service.

use std::marker::PhantomData;

use prost::Message;
use task_domain::Invalid;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

use crate::status::from_invalid;

/// The server's codec: requests in, answers out.
#[derive(Clone, Copy, Debug)]
pub struct Requests<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Requests<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for Requests<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = Apart<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        Apart(PhantomData)
    }
}

/// Reads one request.
#[derive(Clone, Copy, Debug)]
pub struct Apart<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for Apart<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let read = U::decode(bytes);
        read.map(Some).map_err(|error| {
            // Names the field and what is wrong with it, never its content.
            let problem = format!("{error}; send a message of this interface, with texts in UTF-8");
            from_invalid(&Invalid::new("request", problem))
        })
    }
}

//! Answers about the whole, shared by all who ask the same at about the same time: an overview that is open
//! in a hundred browsers costs the database what one costs.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use prost::Message;
use task_proto::v1;
use tokio::time::Instant;
use tonic::Status;

/// How long an answer is given again, counted from when it was asked for.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// Most different questions remembered; more than these are asked, each for itself.
const MOST: usize = 256;

/// What is remembered of each call.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) stats: Remembered<v1::GetStatsResponse>,
    pub(crate) errors: Remembered<v1::ListErrorsResponse>,
    pub(crate) problems: Remembered<v1::ListProblemsResponse>,
    pub(crate) types: Remembered<v1::ListTypesResponse>,
}

/// The answers of one call, by what was asked.
pub(crate) struct Remembered<T> {
    asked: Mutex<HashMap<Vec<u8>, Asked<T>>>,
}

type Answer<T> = Shared<BoxFuture<'static, Result<T, Status>>>;

struct Asked<T> {
    at: Instant,
    answer: Answer<T>,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self { asked: Mutex::default() }
    }
}

impl<T: Clone + Send + Sync + 'static> Remembered<T> {
    /// The answer to `request`: the one on its way, or one of the last second, or what `ask` gives.
    ///
    /// # Errors
    /// Those of `ask`. All who wait for it get the same one, and nobody who comes later.
    ///
    /// # Cancel safety
    /// A caller that goes away takes no answer from the others: the question runs by itself.
    pub(crate) async fn get<F>(&self, request: &impl Message, ask: impl FnOnce() -> F) -> Result<T, Status>
    where
        F: Future<Output = Result<T, Status>> + Send + 'static,
    {
        let key = request.encode_to_vec();
        let answer = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.retain(|_, before| before.is_good());
            if let Some(before) = asked.get(&key) {
                before.answer.clone()
            } else {
                let answer = start(ask());
                if asked.len() < MOST {
                    asked.insert(key, Asked { at: Instant::now(), answer: answer.clone() });
                }
                answer
            }
        };
        answer.await
    }
}

impl<T: Clone> Asked<T> {
    fn is_good(&self) -> bool {
        match self.answer.peek() {
            None => true,
            Some(Ok(_)) => self.at.elapsed() < GOOD_FOR,
            Some(Err(_)) => false,
        }
    }
}

fn start<T: Clone + Send + Sync + 'static>(
    question: impl Future<Output = Result<T, Status>> + Send + 'static,
) -> Answer<T> {
    let running = tokio::spawn(question);
    async move { running.await.unwrap_or_else(|_| Err(Status::internal("the question was not answered"))) }
        .boxed()
        .shared()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::future::join_all;
    use tokio::sync::Semaphore;
    use tokio::time::advance;

    use super::*;

    /// Counts what it is asked, and answers once the test lets it.
    struct Database {
        asked: Arc<AtomicU32>,
        may: Arc<Semaphore>,
    }

    impl Database {
        fn new(permits: usize) -> Self {
            Self { asked: Arc::default(), may: Arc::new(Semaphore::new(permits)) }
        }

        fn ask(&self) -> impl Future<Output = Result<u32, Status>> + Send + 'static {
            let (asked, may) = (Arc::clone(&self.asked), Arc::clone(&self.may));
            async move {
                let n = asked.fetch_add(1, Ordering::SeqCst) + 1;
                may.acquire().await.map_err(|_| Status::unavailable("away"))?.forget();
                Ok(n)
            }
        }

        fn count(&self) -> u32 {
            self.asked.load(Ordering::SeqCst)
        }
    }

    /// Asks question number `limit`.
    async fn get(remembered: &Remembered<u32>, limit: u32, database: &Database) -> Result<u32, Status> {
        let request = v1::ListErrorsRequest { limit, ..Default::default() };
        remembered.get(&request, || database.ask()).await
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_the_same_at_once_ask_the_database_once() {
        let (remembered, database) = (Remembered::default(), Database::new(0));
        let calls = join_all((0..100).map(|_| get(&remembered, 1, &database)));
        let let_go = async {
            tokio::task::yield_now().await;
            database.may.add_permits(1);
        };
        let (answers, ()) = tokio::join!(calls, let_go);
        assert!(answers.into_iter().all(|answer| answer.unwrap() == 1));
        assert_eq!(database.count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_given_again_for_a_second_and_not_longer() {
        let (remembered, database) = (Remembered::default(), Database::new(9));
        assert_eq!(get(&remembered, 1, &database).await.unwrap(), 1);
        advance(Duration::from_millis(999)).await;
        assert_eq!(get(&remembered, 1, &database).await.unwrap(), 1);
        assert_eq!(get(&remembered, 2, &database).await.unwrap(), 2, "another question");
        advance(Duration::from_millis(1)).await;
        assert_eq!(get(&remembered, 1, &database).await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_is_not_given_again() {
        let (remembered, database) = (Remembered::default(), Database::new(0));
        database.may.close();
        get(&remembered, 1, &database).await.unwrap_err();
        get(&remembered, 1, &database).await.unwrap_err();
        assert_eq!(database.count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_takes_no_answer_from_the_others() {
        let (remembered, database) = (Remembered::default(), Database::new(0));
        let first = get(&remembered, 1, &database).now_or_never();
        assert!(first.is_none(), "it waits");
        let second = get(&remembered, 1, &database);
        database.may.add_permits(1);
        assert_eq!(second.await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_is_bounded_and_forgotten() {
        let (remembered, database) = (Remembered::default(), Database::new(2 * MOST));
        for limit in 0..=u32::try_from(MOST).unwrap() {
            get(&remembered, limit, &database).await.unwrap();
        }
        let kept = || remembered.asked.lock().unwrap().len();
        assert_eq!(kept(), MOST);
        advance(GOOD_FOR).await;
        get(&remembered, 1, &database).await.unwrap();
        assert_eq!(kept(), 1);
    }
}

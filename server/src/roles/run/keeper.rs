//! Keeps one child running: passes on what it says and starts it again when it dies, at its old address.

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    backoff::Backoff,
    board::{News, Who},
    child::{Event, Running, in_words},
    program::Program,
};

/// The task that keeps a child, and how to end it.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Whom it keeps.
    pub(super) who: Who,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Keeps a child that is ready.
    pub(super) fn start(mut program: Program, running: Running, news: mpsc::Sender<News>) -> Self {
        let who = Who { role: program.role, name: program.name };
        program.keep_addresses(&running.ready);
        let stop = CancellationToken::new();
        let keeping = Keeping { who, program, news, stop: stop.clone(), backoff: Backoff::default() };
        Self { who, stop, task: tokio::spawn(keeping.keep(running)) }
    }

    /// Ends the child and waits until it is gone.
    pub(super) async fn end(self) {
        self.stop.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "a child's keeper failed");
        }
    }
}

struct Keeping {
    who: Who,
    program: Program,
    news: mpsc::Sender<News>,
    stop: CancellationToken,
    backoff: Backoff,
}

impl Keeping {
    async fn keep(mut self, first: Running) {
        let mut running = Some(first);
        while let Some(mut child) = running {
            self.tell(News::Ready(self.who, child.ready.clone())).await;
            if !self.follow(&mut child).await {
                child.end(self.program.grace).await;
                return;
            }
            running = self.restart(child.since.elapsed()).await;
        }
    }

    /// Passes on what the child says; true when it has died, false when it is to be ended.
    async fn follow(&self, child: &mut Running) -> bool {
        loop {
            let event = tokio::select! {
                event = child.next() => event,
                () = self.stop.cancelled() => return false,
            };
            match event {
                Event::Says(report) => self.tell(News::Says(report)).await,
                Event::Ended(status) => {
                    let (pid, how) = (child.ready.pid, in_words(status));
                    self.tell(News::Ended { who: self.who, pid, how }).await;
                    return true;
                }
            }
        }
    }

    /// Starts the child until it comes up; none when it is to be ended.
    async fn restart(&mut self, lived: Duration) -> Option<Running> {
        let mut wait = self.backoff.after(lived);
        loop {
            let again = async {
                tokio::time::sleep(wait).await;
                Running::start(&self.program).await
            };
            let started = tokio::select! {
                started = again => started,
                () = self.stop.cancelled() => return None,
            };
            let error = match started {
                Ok(running) => return Some(running),
                Err(error) => error,
            };
            wait = self.backoff.after(Duration::ZERO);
            self.tell(News::NotBack { who: self.who, why: error.to_string(), wait }).await;
        }
    }

    /// Gives up when all is to end: nobody listens any more then.
    async fn tell(&self, news: News) {
        tokio::select! {
            // An error means that nobody listens any more, which is the end too.
            _ = self.news.send(news) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

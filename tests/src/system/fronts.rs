//! The lives of the gateway and the echo participant of a system.

use super::System;

impl System {
    /// `kill -9` of the gateway.
    pub fn kill_gateway(&mut self) {
        self.gateway.kill();
    }

    /// SIGTERM to the gateway, and waits until it has stopped.
    ///
    /// # Panics
    /// When it does not stop, or not cleanly.
    pub async fn shut_down_gateway(&mut self) {
        self.gateway.end().await;
    }

    /// Starts the gateway again and waits until it is up.
    pub async fn restart_gateway(&mut self) {
        self.gateway.start().await;
    }

    /// `kill -9` of the echo participant.
    pub fn kill_echo(&mut self) {
        self.echo.as_mut().expect("the system has the echo participant").kill();
    }

    /// Starts the echo participant again.
    pub async fn restart_echo(&mut self) {
        self.echo.as_mut().expect("the system has the echo participant").start().await;
    }
}

//! What every backend promises, as stories that run on each of them from one body.

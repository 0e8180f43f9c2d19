#pragma once

namespace nanodit {

/// The passes that turn a record into arrays; "dinov3" writes CLS and patches.
enum class Pass { T5, Vae, Dino };

} // namespace nanodit

#include "core/sample/encoder_match.h"

#include "core/preprocess/pass_encoders.h"

#include <nlohmann/json.hpp>

#include <array>

namespace nanodit {

namespace {

struct ModelEncoder {
    Pass pass;
    const char* key; ///< In state.json and in workspace.yaml, under "encoders".
    const char* what;
    const char* consequence;
};

constexpr std::array modelEncoders{
    ModelEncoder{Pass::T5, "t5", "text encoder", "prompts will mean something else to the model"},
    ModelEncoder{Pass::Dino, "dino", "DINO encoder", "reference pictures will mean something else to the model"},
    ModelEncoder{Pass::Vae, "vae", "autoencoder", "the model's latents will not decode to what it generated"},
};

} // namespace

std::optional<std::vector<std::string>> differingEncoders(const Workspace& workspace, const nlohmann::json& trained,
                                                          const JobContext& context)
{
    const auto encoders = encodersOf(workspace);
    std::vector<std::string> sentences;
    for (const auto& [pass, key, what, consequence] : modelEncoders) {
        const auto known = trained.find(key);
        if (known == trained.end() || !encoders.obstacle(pass).empty())
            continue;
        const auto fingerprint = encoders.fingerprint(pass, context);
        if (fingerprint.empty())
            return std::nullopt;
        if (known->value("fingerprint", fingerprint) != fingerprint)
            sentences.push_back(std::string("the workspace's ") + what +
                                " is not the one that the model's data were made with: " + consequence +
                                "; set encoders." + key + " in " + (workspace.root / "workspace.yaml").string() +
                                " to that one");
    }
    return sentences;
}

} // namespace nanodit

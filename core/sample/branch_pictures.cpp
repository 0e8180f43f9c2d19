#include "core/sample/branch_pictures.h"

namespace nanodit {

std::vector<BranchPicture> branchesAlone(const SampleRequest& request)
{
    auto plain = request;
    plain.guidanceRule = GuidanceRule::Plain;
    plain.guidanceInterval = {0, 1};
    plain.weakGuide.reset();
    plain.dinoWeights.clear();
    std::vector<BranchPicture> pictures;
    const auto add = [&](const char* name, GuidanceMode mode, double textScale, double dinoScale) {
        plain.guidance = mode;
        plain.textScale = textScale;
        plain.dinoScale = dinoScale;
        pictures.push_back({.name = name, .request = plain});
    };
    const bool text = !request.prompt.empty() || request.textRecord,
               dino = !std::holds_alternative<NoReference>(request.reference);
    add("no conditions", GuidanceMode::Additive, 0, 0);
    if (text)
        add("text alone", GuidanceMode::Additive, 1, 0);
    if (dino)
        add("DINO alone", GuidanceMode::Additive, 0, 1);
    if (text && dino)
        add("text and DINO", GuidanceMode::Chained, 1, 1);
    return pictures;
}

} // namespace nanodit

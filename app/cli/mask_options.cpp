#include "app/cli/mask_options.h"

#include "core/front/data.h"
#include "core/runtime/error.h"

namespace nanodit::cli {

void MaskOptions::addTo(CLI::App& command)
{
    command.add_option("--dino-mask", patches,
                       "Picture that is white where the reference's patches guide; patches under black are left out, "
                       "and text decides there");
    command.add_option("--dino-scale-mask", scale,
                       "Picture whose brightness multiplies the DINO scale at each place: white 1, black 0");
}

void MaskOptions::apply(SampleRequest& request, const Workspace& workspace) const
{
    if (patches.empty() && scale.empty())
        return;
    if (std::holds_alternative<NoReference>(request.reference))
        throw UsageError(std::string(patches.empty() ? "--dino-scale-mask" : "--dino-mask") +
                         " needs a reference: give --record or --reference");
    const auto grid = dinoGrid(request.size, dinoEncoderInfo(workspace).patchSize);
    if (!patches.empty())
        request.erasedPatches = patchesOutside(patchCover(readImage(patches), request.size, grid));
    if (!scale.empty())
        request.dinoWeights = patchCover(readImage(scale), request.size, grid);
}

} // namespace nanodit::cli

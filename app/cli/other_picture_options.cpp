#include "app/cli/other_picture_options.h"

#include "app/cli/shared_options.h"
#include "core/runtime/error.h"

namespace nanodit::cli {

namespace {

void requireReference(const SampleRequest& request, const std::string& option, const char* what)
{
    if (std::holds_alternative<NoReference>(request.reference))
        throw UsageError(option + " needs a reference " + what + ": give --record or --reference");
}

} // namespace

void OtherPictureOptions::addTo(CLI::App& command)
{
    auto* const ofRecord =
        command.add_option("--cls-record", clsRecord,
                           "Take CLS from this record instead, and only the patches from the reference: off the "
                           "training distribution, where both come from the same picture");
    command.add_option("--cls-reference", clsPicture, "Take CLS from this picture instead")->excludes(ofRecord);
    auto* const withRecord = command.add_option(
        "--blend-record", blendRecord,
        "Mix CLS and patches of this record into the reference's, patch by patch: off the training distribution, since "
        "no training picture is a mixture");
    command.add_option("--blend-reference", blendPicture, "The same with this picture")->excludes(withRecord);
    blendWeightOption =
        command
            .add_option("--blend-weight", blendWeight,
                        "With --blend-record or --blend-reference: share of the reference; the other has the rest")
            ->check(number(0, 1))
            ->capture_default_str();
}

void OtherPictureOptions::apply(SampleRequest& request) const
{
    if (!clsRecord.empty() || !clsPicture.empty()) {
        requireReference(request, clsRecord.empty() ? "--cls-reference" : "--cls-record", "to take the patches from");
        if (!clsRecord.empty())
            request.clsFrom = RecordReference{clsRecord};
        else
            request.clsFrom = PictureReference{absolutePath(clsPicture)};
    }
    if (blendRecord.empty() && blendPicture.empty()) {
        if (blendWeightOption->count() > 0)
            throw UsageError("--blend-weight needs a second picture: give --blend-record or --blend-reference");
        return;
    }
    requireReference(request, blendRecord.empty() ? "--blend-reference" : "--blend-record", "to mix the picture into");
    ReferenceBlend blend{.with = RecordReference{blendRecord}, .weight = blendWeight};
    if (blendRecord.empty())
        blend.with = PictureReference{absolutePath(blendPicture)};
    request.blend = blend;
}

} // namespace nanodit::cli

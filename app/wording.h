#pragma once

#include "core/geometry/bucket.h"
#include "core/runtime/job.h"
#include "core/runtime/remedy.h"

#include <QString>

#include <exception>
#include <filesystem>
#include <optional>

namespace nanodit {

/// What a job is doing, in the window's words: "T5: encoding", "model 2 of 6 (text-1): training".
QString stageText(const Progress& progress);
QString stageText(const Stage& stage);
QString unitText(Unit unit);           ///< "pictures"; empty for Unit::None.
QString passText(Pass pass);           ///< "T5", "VAE", "DINOv3"
QString pixelSizeText(ImageSize size); ///< "1216 × 832 px"
/// "812/2000 steps · 2.6 steps/s · 7:41 left", leaving out what is not known.
QString progressText(const Progress& progress);

/// "step 2000" of a checkpoint's folder "step-00002000"; another file by its name.
QString checkpointTitle(const std::filesystem::path& checkpoint);

/// What a person can do about it in the window, or outside of it where the window has no such control: one sentence.
QString remedyText(const Remedy& remedy);
/// The text of a button that does it (app/remedies.h); empty where the window has nothing to press for it.
QString remedyAction(const Remedy& remedy);
/// The fact as a sentence and, where there is one, the remedy as the next.
QString noticeText(const std::string& fact, const std::optional<Remedy>& remedy);
QString noticeText(const Notice& notice);
/// Of an exception that is not ours, what sentenceOf (core/runtime/failure.h) says.
QString errorText(const std::exception& error);

} // namespace nanodit

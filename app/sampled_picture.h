#pragma once

#include "core/front/sampling.h"

#include <QImage>
#include <QSize>
#include <QString>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// A finished picture: what it shows, and the PNG that holds it together with its settings.
struct SampledPicture {
    QImage picture; ///< In full where it was just painted, reduced where it is of the history.
    QSize size;     ///< In full.
    QString file;
    QString caption;                      ///< Its settings in one line.
    QString model;                        ///< "demo-run, step 2000, EMA, 9.0 M parameters"; empty: not known.
    std::optional<SampleRequest> request; ///< Empty when the PNG carries no settings of ours.
    std::vector<GuidanceStep> guidance;   ///< By step; empty for one of the history.
    PaintingNote note{};
};

/// The folder of a workspace where every generated picture is kept.
std::filesystem::path samplesFolder(const Workspace& workspace);
/// Writes a picture there under the name of this moment.
SampledPicture writeSampled(const Workspace& workspace, const SampleRequest& request, const SampleResult& result,
                            const QString& model);
/// The pictures that were made in a workspace before, newest first and reduced: the newest two hundred, and of older
/// ones those with a note and the favourites.
struct SampledBefore {
    std::vector<SampledPicture> pictures;
    std::string damagedNotes; ///< What to tell of the file of notes where it was damaged; else "".
};
SampledBefore readSampledBefore(const Workspace& workspace);

/// "a red circle… · text 2.00 · DINO 2.00 · 30 steps · seed 7"
QString settingsLine(const SampleRequest& request);

/// What a PNG says of how it was painted, and the checkpoint that painted it.
struct PaintedPicture {
    std::optional<SampleRequest> request;
    std::optional<PaintedBy> model;                  ///< Empty: it does not say.
    std::optional<std::filesystem::path> checkpoint; ///< Empty: it is not there any more.
};
/// Reads weights, to find those that painted it. Background. Throws DataError.
PaintedPicture readPainted(const std::filesystem::path& file, const std::vector<RunInfo>& runs);

} // namespace nanodit

#pragma once

#include "core/runtime/pass.h"

#include <optional>
#include <string>
#include <utility>

namespace nanodit {

/// What a job is doing, as data: the command line and the window each have their own words for it.
struct Stage {
    enum class Kind {
        Starting,
        // the data set
        FindingPictures,
        UnpackingArchive, ///< `name`: the archive's file.
        ReadingPictures,
        ComparingPictures,
        WritingCaptions, ///< `name`: the program.
        CheckingRecords,
        FingerprintingEncoder, ///< `name`: its folder.
        LoadingEncoder,        ///< Of `pass`.
        Encoding,              ///< By `pass`.
        PackingShards,
        CheckingShards, ///< `name`: the set.
        ReadingArrays,
        RecomputingPatches,
        ComparingResolutions,
        FittingColours,
        FittingPlaceField,
        // a model
        LoadingCheckpoint,
        Training,
        Timing, ///< Steps or layers that are run for their time alone.
        Sampling,
        GeneratingPictures,
        MeasuringPictures,
        // attention
        InspectingBlocks,
        SummingTokens,
        InspectingTokens,
        InspectingTimes,
        InspectingRecords,
        FilmingSampling,
        FilmingTraining,
        // the demo and the experiment
        DrawingScenes,
        TrainingEncoder, ///< Of `pass`.
        MeasuringAutoencoder,
        MeasuringLayout,
        EncodingMisaligned,
    };
    using enum Kind;
    static constexpr int kinds = static_cast<int>(EncodingMisaligned) + 1;

    Kind kind = Starting;
    std::optional<Pass> pass;
    std::string name; ///< Of what it works on, where a kind says so. Otherwise empty.

    Stage() = default;
    Stage(Kind what) // NOLINT(google-explicit-constructor): most stages are no more than their kind
        : kind(what)
    {
    }
    Stage(Kind what, Pass ofPass)
        : kind(what)
        , pass(ofPass)
    {
    }
    Stage(Kind what, std::string of)
        : kind(what)
        , name(std::move(of))
    {
    }
    bool operator==(const Stage&) const = default;
};

/// What progress is counted in.
enum class Unit {
    None,
    Pictures,
    Records,
    Samples,
    Scenes,
    Steps,
    Blocks,
    Times,
    Checkpoints,
    Entries,
    Bytes,
};
inline constexpr int unitCount = static_cast<int>(Unit::Bytes) + 1;

} // namespace nanodit

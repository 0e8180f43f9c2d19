#pragma once

#include "app/pages/attention/attention_choice.h"

#include <QWidget>

namespace nanodit {

class AttentionMap;
class WordStrip;

/// Picture, caption and reference beside each other: each can be asked, and each shows what the others give it.
class AttentionPanes : public QWidget {
    Q_OBJECT

public:
    /// Parts are named PREFIXPicture, PREFIXWords and PREFIXPatches. `hints`: titles also say what a click does.
    AttentionPanes(const QString& prefix, bool hints, QWidget* parent = nullptr);
    AttentionMap* picture() const { return picture_; }
    WordStrip* words() const { return words_; }
    AttentionMap* patches() const { return patches_; }

    void showScene(const AttentionScene& scene);
    void showChoice(const AttentionChoice& choice);
    /// Strikes out what is left out of the scene's context, and marks patches, of this grid, that are pasted over.
    void showEdits(const ConditionEdits& edits, GridSize patches);
    /// Self attention, where the answer has it, lies over the picture; sinks, where it has them, are marked at the
    /// words until the next scene.
    void showAnswer(const AttentionAnswer& answer, const AttentionPart& part, AttentionMeasure measure);
    void setOpacity(double opacity);
    void clear();
    /// A record is selected, whose picture may still be computed: nobody is asked to select one.
    void setHasSubject(bool has);

Q_SIGNALS:
    void choiceMade(const nanodit::AttentionChoice& choice);
    void latentHovered(std::int64_t latent); ///< -1: none.
    void patchesPainted(const std::set<std::int64_t>& patches);

private:
    void markSinks(const std::vector<AttentionSink>& sinks);

    std::vector<CaptionWord> captionWords_; ///< Of the scene that is shown.
    std::int64_t clsToken_ = 0;
    AttentionMap* picture_;
    WordStrip* words_;
    AttentionMap* patches_;
};

} // namespace nanodit

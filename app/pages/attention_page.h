#pragma once

#include "app/looking.h"

#include <QWidget>

#include <optional>
#include <set>

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;
class QSlider;
class QSpinBox;
class QStackedWidget;

namespace nanodit {

class AttentionMap;
class PageFrame;
class Session;
class StatePanel;
class WordStrip;

/// What a model attends to: the picture that is forming, the caption's words and the patches, each of which can be
/// asked; and what the picture becomes when words, CLS or patches are taken away.
class AttentionPage : public QWidget {
    Q_OBJECT

public:
    explicit AttentionPage(Session& session, QWidget* parent = nullptr);
    bool settled() const { return !looking_.busy(); }
    /// A record, and a latent token of it to look from.
    void showRecord(const QString& id, std::optional<std::int64_t> latent = {});

Q_SIGNALS:
    void trainWanted();

protected:
    void showEvent(QShowEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QWidget* makeContent();
    QWidget* makeInspector();
    QWidget* makeDrawer();
    void listCheckpoints();
    void listRecords();
    void look();
    void showScene(const AttentionScene& scene, const QString& model);
    void askLatents(const std::set<std::int64_t>& cells);
    void askWord(int word);
    void askPatches(const std::set<std::int64_t>& cells);
    void showAnswer();
    void showEdits();
    void eraseChosen();
    void paintEdited();
    AttentionSubject subject() const;
    std::filesystem::path checkpoint() const;
    std::optional<std::int64_t> block() const;
    std::optional<std::int64_t> head() const;

    Session& session_;
    Looking looking_;
    PageFrame* frame_;
    QStackedWidget* states_;
    StatePanel* empty_;
    AttentionMap *picture_, *patches_;
    WordStrip* words_;
    QLabel* readout_;
    QComboBox *checkpoints_, *records_;
    QSlider* t_;
    QLabel* tText_;
    QCheckBox *along_, *hover_;
    QSpinBox *block_, *head_, *seed_;
    QPushButton *erase_, *reset_, *paint_, *stop_;
    QLabel *edits_, *before_, *after_;

    bool wanted_ = false; ///< A look is under way; what it shows is not there yet.
    std::optional<AttentionScene> scene_;
    std::optional<LatentAttention> seen_;
    std::optional<AttentionNumbers> given_;
    std::set<std::int64_t> latents_; ///< What is asked from; empty when the question goes the other way.
    int word_ = -1;                  ///< Chosen word; the number of words is CLS.
    ConditionEdits editing_;
};

} // namespace nanodit

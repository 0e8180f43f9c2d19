#pragma once

#include "app/looking.h"
#include "app/pages/attention/attention_choice.h"
#include "core/front/training.h"
#include "core/runtime/remedy.h"

#include <QWidget>

class QLabel;

namespace nanodit {

class AttentionPanes;
class FittedComboBox;

/// Another checkpoint on the same moment and the same question as the page: picture, caption and patches below those of
/// the first, and how far the shares lie apart.
class ComparePanel : public QWidget {
    Q_OBJECT

public:
    ComparePanel(Session& session, Looking& looking, QWidget* parent = nullptr);
    AttentionPanes* panes() const { return panes_; }
    bool settled() const { return !looking_.busy(); }
    bool comparing() const;
    /// Nothing of what was inspected stays.
    void forget();

    void listCheckpoints();
    void chooseCheckpoint(const QString& path);
    /// What the page looks at, and asks.
    void follow(const AttentionSubject& subject);
    void follow(const AttentionQuestion& question);
    void show(const AttentionPart& part);
    /// The page's own answer, to compare with.
    void setOther(const std::optional<AttentionAnswer>& answer);
    /// The same colour means the same share in both models, while two are compared; else each has its own.
    void matchScales(AttentionPanes& others);
    const std::optional<AttentionAnswer>& answer() const { return answer_; }

Q_SIGNALS:
    void choiceMade(const nanodit::AttentionChoice& choice);
    void checkpointChosen();
    void answered();
    void failed(const nanodit::Notice& why);

private:
    void replaceCheckpoints();
    void tell();
    AttentionPart partHere() const;

    Session& session_;
    Looking& looking_;
    FittedComboBox* checkpoints_;
    QLabel* about_;
    AttentionPanes* panes_;
    QString model_;
    QString followed_;    ///< The checkpoint that is inspected.
    bool wanted_ = false; ///< A look is under way.
    std::optional<AttentionScene> scene_;
    AttentionQuestion question_;
    std::optional<AttentionAnswer> answer_, other_;
    AttentionPart part_;
};

} // namespace nanodit

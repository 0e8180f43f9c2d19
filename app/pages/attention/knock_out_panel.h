#pragma once

#include "app/pages/attention/attention_choice.h"

#include <QWidget>

#include <optional>

class QLabel;
class QPushButton;
class QSpinBox;

namespace nanodit {

class AttentionMap;
class MatrixView;

/// What a chosen word, CLS or region of patches does to the picture: the change of the velocity without it, beside that
/// without as much attention elsewhere, and how well each block's map of it agrees with the change.
class KnockOutPanel : public QWidget {
    Q_OBJECT

public:
    explicit KnockOutPanel(QWidget* parent = nullptr);
    /// Another moment: what was measured is void.
    void showScene(const AttentionScene& scene);
    /// What would be left out; a choice of latent tokens is nothing to leave out.
    void showChoice(const AttentionChoice& choice);
    void knockOut(); ///< Asks for what is chosen, if that is something to leave out.
    void showKnockOut(const KnockOut& out);
    void setOpacity(double opacity);
    void clear();

Q_SIGNALS:
    void knockOutWanted(const std::vector<std::int64_t>& tokens, std::uint64_t seed);
    void blockChosen(std::int64_t block);

private:
    void forget();
    void tell();
    QString nameOfTokens(const std::vector<std::int64_t>& tokens) const;

    std::optional<AttentionScene> scene_;
    std::vector<std::int64_t> tokens_;
    std::optional<KnockOut> out_;
    QPushButton* knock_;
    QSpinBox* seed_;
    QLabel* about_;
    AttentionMap *change_, *control_;
    MatrixView* agreement_;
};

} // namespace nanodit

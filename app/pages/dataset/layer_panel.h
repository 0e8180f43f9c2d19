#pragma once

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;
class QTabBar;

namespace nanodit {

class Loupe;

/// The inspector's part for the loupe: the layers of either side, and what the colours of patches are fitted on.
class LayerPanel : public QWidget {
    Q_OBJECT

public:
    explicit LayerPanel(Loupe* loupe, QWidget* parent = nullptr);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QWidget* makeColours();
    void showColours();

    Loupe* loupe_;
    QTabBar* sides_;
    QComboBox* scope_;
    QCheckBox *foreground_, *place_;
    QPushButton* again_;
    QLabel* about_;
};

} // namespace nanodit

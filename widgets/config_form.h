#pragma once

#include "widgets/config_fields.h"

#include <QWidget>

#include <functional>
#include <map>
#include <vector>

class QCheckBox;
class QGridLayout;
class QLabel;
class QLineEdit;
class QScrollArea;
class QToolButton;
class QVBoxLayout;

namespace nanodit {

/// A configuration as a form, built from the description that YAML and the command line read too: grouped, with a
/// search box, "changed only", help as tool tips, units, ranges, and a button on each changed field that sets it back.
class ConfigForm : public QWidget {
    Q_OBJECT

public:
    explicit ConfigForm(QWidget* parent = nullptr);

    /// Shows these settings; "changed" and "set back" refer to them.
    void setFields(const std::vector<ConfigField>& fields);
    std::map<std::string, FieldValue> values() const;
    std::vector<std::string> keys() const;
    /// As if the user had typed it.
    void setValue(const std::string& key, const FieldValue& value);
    /// Marks the fields at fault; the messages become tool tips and are listed above the form.
    void showIssues(const std::vector<ConfigIssue>& issues);
    void setReadOnly(bool readOnly);
    /// Fields whose keys begin with one of these cannot be changed, as their tool tips say; none: all can.
    void lock(const std::vector<std::string>& prefixes, const QString& why);

Q_SIGNALS:
    void edited();
    /// Somebody wants to choose the path that this setting names: of a folder, or of a file.
    void browseWanted(const QString& key, bool folder);

private:
    struct Row {
        ConfigField field; ///< With the value that "set back" restores.
        QLabel* label = nullptr;
        QWidget* editor = nullptr;
        QToolButton* reset = nullptr;
        std::function<FieldValue()> read;
        std::function<void(const FieldValue&)> write;
        bool changed() const { return read() != field.value; }
    };
    bool isLocked(const Row& row) const;
    QString helpOn(const Row& row) const;
    void setUsable();
    struct Group {
        QWidget* box = nullptr;
        QToolButton* header = nullptr;
        QWidget* body = nullptr;
        QGridLayout* grid = nullptr;
        std::vector<std::size_t> rows;
    };
    Group& groupOf(const ConfigField& field);
    void addRow(const ConfigField& field);
    void makeRows(const std::vector<ConfigField>& fields);
    void rowEdited(std::size_t index);
    void markRow(const Row& row);
    void applyFilter();

    QLineEdit* search_;
    QCheckBox* changedOnly_;
    QLabel* issues_;
    QLabel* none_; ///< Says why no setting is shown.
    QWidget* content_ = nullptr;
    QVBoxLayout* contentColumn_ = nullptr;
    QScrollArea* scroll_;
    std::map<std::string, Group> groups_;
    std::vector<std::string> locked_;
    QString whyLocked_;
    bool readOnly_ = false;
    bool filling_ = false; ///< Many values are being set at once.
    std::vector<Row> rows_;
};

/// "hidden_size" -> "Hidden size"
QString labelOfKey(const std::string& key);

} // namespace nanodit

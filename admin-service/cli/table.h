// Short tables: aligned columns, headings in capitals, no lines. Runs in
// holtctl.
#ifndef HOLT_ADMIN_SERVICE_CLI_TABLE_H_
#define HOLT_ADMIN_SERVICE_CLI_TABLE_H_

#include <string>
#include <utility>
#include <vector>

namespace holt::admin::cli {

enum class Align { kLeft, kRight };
// A colour underlines what the text says; it never says it alone.
enum class Colour { kNone, kGreen, kYellow, kRed };

struct Column {
  std::string heading;
  Align align = Align::kLeft;
};

struct Cell {
  // Rows are lists of texts, some of them literals.
  // NOLINTBEGIN(google-explicit-constructor)
  Cell(std::string cell_text, Colour cell_colour = Colour::kNone)
      : text(std::move(cell_text)), colour(cell_colour) {}
  Cell(const char* cell_text, Colour cell_colour = Colour::kNone)
      : text(cell_text), colour(cell_colour) {}
  // NOLINTEND(google-explicit-constructor)
  std::string text;
  Colour colour;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as columns.
  void AddRow(std::vector<Cell> cells);

  struct Style {
    bool headings = true;
    bool colour = false;
  };
  // Control characters in cells, which may come from elsewhere, are shown as
  // '?'.
  [[nodiscard]] std::string Render(const Style& style) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace holt::admin::cli

#endif  // HOLT_ADMIN_SERVICE_CLI_TABLE_H_

// In place of nlohmann's JSON library, which a header of libtorch 2.14 includes and libtorch's packages do not bring. That
// header writes and reads levels of function transforms as text, in inline functions that nothing here calls: it is enough
// that they compile.
#pragma once

#include <string>

namespace nlohmann {

class json {
public:
  json() = default;
  template <class T> explicit json(const T& value);
  static json parse(const std::string& text);
  std::string dump() const;
  template <class T> T get() const;
};

} // namespace nlohmann

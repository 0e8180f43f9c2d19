# The LibTorch in NANODIT_TORCH, imported by hand: find_package(Torch) of a CUDA build ends where no CUDA toolkit is installed,
# though nothing here is compiled for CUDA. It brings its own BLAS, so that no run path to OpenBLAS is set.

cmake_path(ABSOLUTE_PATH NANODIT_TORCH NORMALIZE OUTPUT_VARIABLE nanodit_torch_folder)
set(nanodit_torch_libraries ${nanodit_torch_folder}/lib)
set(nanodit_torch_headers ${nanodit_torch_folder}/include ${nanodit_torch_folder}/include/torch/csrc/api/include)
foreach(file lib/libtorch.so lib/libtorch_cpu.so lib/libc10.so include/ATen/ATen.h)
  if(NOT EXISTS ${nanodit_torch_folder}/${file})
    message(FATAL_ERROR "${nanodit_torch_folder} holds no LibTorch (${file} is missing): let NANODIT_TORCH name the folder torch "
      "of a PyPI wheel (.../site-packages/torch) or an unpacked libtorch.")
  endif()
endforeach()

# The version, from the header that has the macros (it moved with LibTorch 2.9).
foreach(header include/torch/headeronly/version.h include/torch/csrc/api/include/torch/version.h)
  if(EXISTS ${nanodit_torch_folder}/${header})
    file(STRINGS ${nanodit_torch_folder}/${header} nanodit_torch_lines REGEX "#define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+")
    if(nanodit_torch_lines)
      break()
    endif()
  endif()
endforeach()
string(REGEX REPLACE "[^0-9]+" "." nanodit_torch_version "${nanodit_torch_lines}")
string(REGEX REPLACE "^\\.|\\.$" "" nanodit_torch_version "${nanodit_torch_version}")
if(NOT nanodit_torch_version MATCHES "^[0-9]+\\.[0-9]+\\.[0-9]+$" OR nanodit_torch_version VERSION_LESS 2.6)
  message(FATAL_ERROR "${nanodit_torch_folder} holds LibTorch \"${nanodit_torch_version}\", but 2.6 or later is needed there.")
endif()

# Wheels before 2.7 were built with the string type of GCC 4, which no library of the system has.
if(EXISTS ${nanodit_torch_folder}/share/cmake/Torch/TorchConfig.cmake)
  file(STRINGS ${nanodit_torch_folder}/share/cmake/Torch/TorchConfig.cmake nanodit_torch_lines REGEX "_GLIBCXX_USE_CXX11_ABI=[01]")
  if(nanodit_torch_lines MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
    message(FATAL_ERROR "${nanodit_torch_folder} holds LibTorch ${nanodit_torch_version} built with _GLIBCXX_USE_CXX11_ABI=0, whose "
      "strings differ from those of OpenCV, yaml-cpp and the rest: take a wheel from 2.7 on, or an unpacked libtorch with the cxx11 ABI.")
  elseif(nanodit_torch_lines)
    target_compile_definitions(nanodit_torch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
  endif()
endif()

set(nanodit_torch_names torch torch_cpu c10)
set(nanodit_torch_kind "CPU")
if(EXISTS ${nanodit_torch_libraries}/libtorch_cuda.so)
  list(APPEND nanodit_torch_names torch_cuda c10_cuda)
  set(nanodit_torch_kind "CUDA")
endif()
list(TRANSFORM nanodit_torch_names REPLACE "(.+)" "${nanodit_torch_libraries}/lib\\1.so" OUTPUT_VARIABLE nanodit_torch_files)

# One OpenMP in the process: the one that LibTorch brings, where it does (its file may have a name of its own).
cmake_path(GET nanodit_torch_folder PARENT_PATH nanodit_torch_parent)
file(GLOB nanodit_torch_openmp ${nanodit_torch_libraries}/libgomp*.so* ${nanodit_torch_parent}/torch.libs/libgomp*.so*)
if(nanodit_torch_openmp)
  list(GET nanodit_torch_openmp 0 nanodit_torch_openmp)
  separate_arguments(nanodit_openmp_flags UNIX_COMMAND "${OpenMP_CXX_FLAGS}")
  target_compile_options(nanodit_torch INTERFACE ${nanodit_openmp_flags})
else()
  set(nanodit_torch_openmp OpenMP::OpenMP_CXX)
endif()

target_include_directories(nanodit_torch SYSTEM INTERFACE ${nanodit_torch_headers})
# Kept though nothing refers to them: kernels register themselves when their library is loaded. What the libraries of CUDA leave
# open is found where a driver is. One word, so that CMake keeps it together.
list(JOIN nanodit_torch_files "," nanodit_torch_files)
target_link_libraries(nanodit_torch INTERFACE
  -Wl,--push-state,--no-as-needed,${nanodit_torch_files},--pop-state ${nanodit_torch_openmp})
target_link_options(nanodit_torch INTERFACE -Wl,--allow-shlib-undefined)
list(APPEND CMAKE_BUILD_RPATH ${nanodit_torch_libraries})
list(APPEND CMAKE_INSTALL_RPATH ${nanodit_torch_libraries})
message(STATUS "LibTorch ${nanodit_torch_version} (${nanodit_torch_kind}) of ${nanodit_torch_folder}")
